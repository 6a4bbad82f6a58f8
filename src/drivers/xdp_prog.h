/* SPDX-License-Identifier: BSD-2-Clause */
/* The program in the kernel that gives an interface's frames to the sockets of its queues. */
#ifndef NETHOOD_DRIVERS_XDP_PROG_H
#define NETHOOD_DRIVERS_XDP_PROG_H

#include "drivers/driver_internal.h"

struct xdp_prog {
	int map_fd, link_fd;
	bool native;
};

/** xdp_prog_attach() - for the first @queues of an interface.  Return: 0, -EBUSY: it has another one, -EPERM ... */
int xdp_prog_attach(struct xdp_prog *prog, int ifindex, u32 queues);
/** xdp_prog_give() - frames of @queue are the socket's from now on.  Return: 0, -errno */
int xdp_prog_give(const struct xdp_prog *prog, u32 queue, int socket_fd);
/** xdp_prog_detach() - may be called twice */
void xdp_prog_detach(struct xdp_prog *prog);

#endif
