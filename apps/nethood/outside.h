/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses from outside: --dhcp, --addr link-local, --addr by-arp. */
#ifndef NETHOOD_OUTSIDE_H
#define NETHOOD_OUTSIDE_H

#include <stddef.h>

#define RESOLV_CONF_BYTES 512

struct machine;

/** outside_get() - ask for all of them, and wait until they are there.  Return: 0, -errno after having said why */
int outside_get(struct machine *m);
/** outside_release() - give back what servers gave, and wait until that is sent, a second at most; also more than once */
void outside_release(struct machine *m);
/** outside_resolver() - resolv.conf as the servers say; "": they say nothing */
void outside_resolver(const struct machine *m, char *text, size_t size_bytes); /* RESOLV_CONF_BYTES are enough */

#endif
