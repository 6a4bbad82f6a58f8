// SPDX-License-Identifier: BSD-2-Clause
/* Descriptors: each is a real one, of a memory file that stands for what the net has.
 *
 * Its number is the system's, so that it never collides with another; dup(2) and close(2) by the libc functions work on
 * it, but go by the net, which is what the preload shim is for.  Without the shim a close is noticed when the number is
 * used again: the inode is another one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "pd.h"

#define FILES_STEP 64

/* ---- one */

static void sock_ready(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	(void)sk;
	pd_file_ready(ctx, events);
}

int pd_file_create(struct pd *pd, enum pd_kind kind, struct pd_file **out)
{
	struct pd_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->pd = pd;
	file->kind = kind;
	file->refs = 1;
	TAILQ_INIT(&file->items);
	TAILQ_INIT(&file->watchers);
	*out = file;
	return 0;
}

void pd_file_put(struct pd_file *file)
{
	if (--file->refs)
		return;
	pd_epoll_forget(file);
	if (file->sk)
		nethood_close(file->sk);
	if (file->pipe)
		pd_pipe_end(file);
	free(file);
}

long pd_file_leave(struct pd_file *file, long result)
{
	struct pd *pd = file->pd;

	pd_file_put(file);
	return pd_leave(pd, result);
}

/* ---- the table */

static int table_grow(struct pd *pd, int fd)
{
	struct pd_file **files;
	int count = fd + FILES_STEP;

	if (fd < pd->file_count)
		return 0;
	files = realloc(pd->files, (size_t)count * sizeof(struct pd_file *));
	if (!files)
		return -ENOMEM;
	memset(files + pd->file_count, 0, (size_t)(count - pd->file_count) * sizeof(struct pd_file *));
	pd->files = files;
	pd->file_count = count;
	return 0;
}

/* The descriptor was closed, or will be: it stands for nothing. */
static void table_clear(struct pd *pd, int fd)
{
	struct pd_file *file = pd->files[fd];

	pd->files[fd] = NULL;
	if (file)
		pd_file_put(file);
}

static int table_set(struct pd_file *file, int fd)
{
	struct pd *pd = file->pd;
	int err = table_grow(pd, fd);

	if (err)
		return err;
	table_clear(pd, fd); /* the one of this number was closed by somebody else */
	file->refs++;
	if (file->sk)
		nethood_on_ready(file->sk, sock_ready, file);
	pd->files[fd] = file;
	return 0;
}

static int install(struct pd_file *file, int fd)
{
	struct stat st;
	int err = fstat(fd, &st) < 0 ? -errno : table_set(file, fd);

	if (err) {
		syscall(SYS_close, fd); /* not the shim's, which would ask us */
		return err;
	}
	file->ino = st.st_ino;
	return fd;
}

int pd_file_install(struct pd_file *file, bool cloexec)
{
	int fd = memfd_create("nethood-packetdrill", cloexec ? MFD_CLOEXEC : 0);

	return fd < 0 ? -errno : install(file, fd);
}

int pd_file_dup(struct pd_file *file, int fd, int lowest, bool cloexec)
{
	int copy = fcntl(fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, lowest);

	return copy < 0 ? -errno : install(file, copy);
}

static bool is_placeholder(const struct pd_file *file, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == file->ino;
}

struct pd_file *pd_file_get(struct pd *pd, int fd)
{
	struct pd_file *file;

	if (fd < 0 || fd >= pd->file_count || !pd->files[fd])
		return NULL;
	file = pd->files[fd];
	if (!is_placeholder(file, fd)) {
		table_clear(pd, fd);
		return NULL;
	}
	file->refs++;
	return file;
}

int pd_file_close(struct pd_file *file, int fd)
{
	syscall(SYS_close, fd);
	table_clear(file->pd, fd);
	return 0;
}

void pd_files_close(struct pd *pd)
{
	for (int fd = 0; fd < pd->file_count; fd++) {
		struct pd_file *file = pd->files[fd];

		if (!file)
			continue;
		if (is_placeholder(file, fd))
			syscall(SYS_close, fd);
		table_clear(pd, fd);
	}
	free(pd->files);
	pd->files = NULL;
	pd->file_count = 0;
}

/* ---- libc's calls */

static const struct packetdrill_hooks hooks;

/* To the shim, if there is one.  @h NULL: this library may be unloaded now. */
static void tell_shim(const struct packetdrill_hooks *h)
{
	void *fn = dlsym(RTLD_DEFAULT, PACKETDRILL_HOOK_NAME);

	if (fn)
		((void (*)(const struct packetdrill_hooks *))fn)(h);
}

static pthread_mutex_t hosts_lock;
static struct pd *hosts; /* under hosts_lock */

static __attribute__((constructor)) void loaded(void)
{
	pthread_mutex_init(&hosts_lock, NULL);
}

void pd_list(struct pd *pd)
{
	pthread_mutex_lock(&hosts_lock);
	pd->next = hosts;
	hosts = pd;
	tell_shim(&hooks);
	pthread_mutex_unlock(&hosts_lock);
}

void pd_unlist(struct pd *pd)
{
	pthread_mutex_lock(&hosts_lock);
	for (struct pd **p = &hosts; *p; p = &(*p)->next) {
		if (*p == pd) {
			*p = pd->next;
			break;
		}
	}
	if (!hosts)
		tell_shim(NULL);
	pthread_mutex_unlock(&hosts_lock);
}

/* Return: the file, its host entered; NULL: the descriptor is none of ours */
static struct pd_file *enter_file(int fd)
{
	struct pd_file *file = NULL;

	pthread_mutex_lock(&hosts_lock);
	for (struct pd *pd = hosts; pd && !file; pd = pd->next) {
		pd_enter(pd);
		file = pd_file_get(pd, fd);
		if (!file)
			pthread_mutex_unlock(&pd->lock);
	}
	pthread_mutex_unlock(&hosts_lock);
	return file;
}

static bool hook_getsockopt(int fd, int level, int name, void *value, socklen_t *len_bytes, int *ret)
{
	struct pd_file *file = enter_file(fd);

	if (!file)
		return false;
	*ret = (int)pd_file_leave(file,
				  file->sk ? nethood_getsockopt(file->sk, level, name, value, len_bytes) : -ENOTSOCK);
	return true;
}

static bool hook_close(int fd, int *ret)
{
	struct pd_file *file = enter_file(fd);

	if (!file)
		return false;
	*ret = (int)pd_file_leave(file, pd_close(file, fd));
	return true;
}

static bool hook_sendfile(int out_fd, int in_fd, off64_t *offset, size_t count, ssize_t *ret)
{
	struct pd_file *file = enter_file(out_fd);

	if (!file)
		return false;
	*ret = pd_file_leave(file, pd_sendfile(file, in_fd, offset, count));
	return true;
}

static const struct packetdrill_hooks hooks = { hook_getsockopt, hook_close, hook_sendfile };
