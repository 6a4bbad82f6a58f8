// SPDX-License-Identifier: BSD-2-Clause
/* The preload shim: getsockopt, close and sendfile of libc, for programs that call them on a net's descriptors.
 *
 * LD_PRELOAD=libnethood-packetdrill-preload.so.  Who is not asked about a socket of a net gets libc's own answer.
 */
#undef _FILE_OFFSET_BITS /* it would make one function of sendfile and sendfile64 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "hooks.h"

#define SHIM_API __attribute__((visibility("default")))

static const struct packetdrill_hooks *_Atomic asked;

SHIM_API void nethood_packetdrill_hook(const struct packetdrill_hooks *hooks)
{
	atomic_store(&asked, hooks);
}

/* The next function of this name, which is libc's or a sanitizer's. */
static void *next(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name);

	if (!fn)
		abort(); /* there is no libc without it */
	return fn;
}

SHIM_API int getsockopt(int fd, int level, int name, void *value, socklen_t *len_bytes)
{
	const struct packetdrill_hooks *hooks = atomic_load(&asked);
	int ret;

	if (hooks && hooks->getsockopt(fd, level, name, value, len_bytes, &ret))
		return ret;
	return ((int (*)(int, int, int, void *, socklen_t *))next("getsockopt"))(fd, level, name, value, len_bytes);
}

SHIM_API int close(int fd)
{
	const struct packetdrill_hooks *hooks = atomic_load(&asked);
	int ret;

	if (hooks && hooks->close(fd, &ret))
		return ret;
	return ((int (*)(int))next("close"))(fd);
}

static ssize_t sendfile_any(const char *name, int out_fd, int in_fd, off64_t *offset, size_t count)
{
	const struct packetdrill_hooks *hooks = atomic_load(&asked);
	ssize_t ret;

	if (hooks && hooks->sendfile(out_fd, in_fd, offset, count, &ret))
		return ret;
	return ((ssize_t(*)(int, int, off64_t *, size_t))next(name))(out_fd, in_fd, offset, count);
}

_Static_assert(sizeof(off_t) == sizeof(off64_t), "one sendfile is the other");

SHIM_API ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	return sendfile_any("sendfile", out_fd, in_fd, offset, count);
}

SHIM_API ssize_t sendfile64(int out_fd, int in_fd, off64_t *offset, size_t count)
{
	return sendfile_any("sendfile64", out_fd, in_fd, offset, count);
}
