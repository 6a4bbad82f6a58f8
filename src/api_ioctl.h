/* SPDX-License-Identifier: BSD-2-Clause */
/* The two halves of ioctl(2) on sockets. */
#ifndef NETHOOD_API_IOCTL_H
#define NETHOOD_API_IOCTL_H

#include "api_internal.h"
#include "dev/netdevice.h"
#include "socket/netns_sock.h"

/** inet_ioctl() - addresses and routes of IPv4: api_ioctl_inet.c */
int inet_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);

#endif
