/* SPDX-License-Identifier: BSD-2-Clause */
/* All frames of a net, in and out, to a pcapng file. */
#ifndef NETHOOD_CAPTURE_H
#define NETHOOD_CAPTURE_H

#include "nethood/nethood.h"

struct capture;

/** capture_open() - begin; the file is made anew.  @net NULL: what capture_frame() is given.  Return: 0, -errno */
int capture_open(struct nethood_net *net, const char *path, uint64_t wall_minus_mono_ns, struct capture **out);
void capture_frame(struct capture *c, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame,
		   int pieces);
/** capture_flush() - what was seen is in the file; stops at the first error, after one line */
void capture_flush(struct capture *c);
/** capture_close() - @c taken, may be NULL; before the net ends */
void capture_close(struct capture *c);

#endif
