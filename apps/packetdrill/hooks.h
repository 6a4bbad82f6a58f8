/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the library and its preload shim: libc calls on descriptors that stand for sockets of a net.
 *
 * The shim has the functions of libc's names; the library finds nethood_packetdrill_hook() in the process, if the shim was
 * preloaded, and tells it whom to ask.
 */
#ifndef NETHOOD_PACKETDRILL_HOOKS_H
#define NETHOOD_PACKETDRILL_HOOKS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/** struct packetdrill_hooks - each says whether @fd is one of a net's; then @ret and errno are the answer */
struct packetdrill_hooks {
	bool (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len_bytes, int *ret);
	bool (*close)(int fd, int *ret);
	bool (*sendfile)(int out_fd, int in_fd, off64_t *offset, size_t count, ssize_t *ret);
};

/** nethood_packetdrill_hook() - the shim's: ask @hooks from now on (borrowed for ever); NULL: nobody */
void nethood_packetdrill_hook(const struct packetdrill_hooks *hooks);
#define PACKETDRILL_HOOK_NAME "nethood_packetdrill_hook"

#endif
