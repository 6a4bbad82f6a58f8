/* SPDX-License-Identifier: BSD-2-Clause */
/* resolv.conf for one program. */
#ifndef NETHOOD_RUN_RESOLVER_H
#define NETHOOD_RUN_RESOLVER_H

/** resolver_mount() - from now on this process, and what it executes, reads @text in /etc/resolv.conf.  Needs
 *  CAP_SYS_ADMIN in its user namespace.  Return: 0, -errno (-ENOENT: there is no such file to put it over) */
int resolver_mount(const char *text);

#endif
