/* SPDX-License-Identifier: BSD-2-Clause */
/* Destinations that a program reaches by the host's own stack: `--bypass CIDR`. */
#ifndef NETHOOD_RUN_BYPASS_H
#define NETHOOD_RUN_BYPASS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "netaddr.h"

#define BYPASS_PREFIXES 64

struct bypass {
	struct {
		struct netaddr addr;
		uint32_t prefix_bits;
	} prefix[BYPASS_PREFIXES];
	uint32_t count;
	int fd; /**< of who makes sockets; -1: nobody */
};

/** bypass_add() - Return: 0, -ENOSPC, -EINVAL */
int bypass_add(struct bypass *b, const struct netaddr *addr, uint32_t prefix_bits);
/**
 * bypass_start() - leave somebody behind who makes sockets where this process is now: it may leave for other namespaces
 * He ends with bypass_stop(), or with this process.  Return: 0 (also when nothing is to pass), -errno
 */
int bypass_start(struct bypass *b);
void bypass_stop(struct bypass *b);
/** bypass_has() - is that an address that passes? */
bool bypass_has(const struct bypass *b, const void *name, socklen_t name_bytes);
/** bypass_socket() - a socket of the host's stack.  Return: it, -errno */
int bypass_socket(const struct bypass *b, int domain, int type, int protocol);

#endif
