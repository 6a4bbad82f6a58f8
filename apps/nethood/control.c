// SPDX-License-Identifier: BSD-2-Clause
/* The process of a net that is up, as its clients see it.
 *
 * Reading order: requests[], client_event().
 * Nothing here waits for a client: requests are one packet, replies are one packet, and what may be long is a file in
 * memory whose descriptor is the reply.
 */
#include "commands.h"
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine.h"
#include "outside.h"

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define CLIENTS_MAX 64
#define NO_SUCH_FD 0x7fffffff

struct client {
	struct corpse corpse;
	struct watch watch;
	struct control *ctl;
	LIST_ENTRY(client) link;
};

struct control {
	struct machine *m;
	struct watch watch;
	LIST_HEAD(, client) clients;
	unsigned client_count;
	int netns_fd, userns_fd;
	int reserve_fd; /* for when there are no more descriptors: given up to tell who comes then */
};

/** struct answer - what goes back */
struct answer {
	struct control_reply reply;
	int fds[CONTROL_FDS];
	int fd_count;
	bool close_fds;
};

/* ---- packets */

int control_send(int sock, const void *data, size_t len_bytes, const int *fds, int fd_count)
{
	char room[CMSG_SPACE(sizeof(int) * CONTROL_FDS)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd_count) {
		struct cmsghdr *cmsg;

		msg.msg_control = room;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * (size_t)fd_count);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t control_receive(int sock, void *data, size_t len_bytes, int *fds, int fd_count)
{
	char room[CMSG_SPACE(sizeof(int) * CONTROL_FDS)] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = data, .iov_len = len_bytes };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	for (int i = 0; i < fd_count; i++)
		fds[i] = -1;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
		int got = (int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int)), fd;

		for (int i = 0; i < got; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + (size_t)i * sizeof(int), sizeof(int));
			if (i < fd_count)
				fds[i] = fd;
			else
				close(fd);
		}
	}
	return n;
}

/* ---- requests */

static void refuse(struct answer *a, int error, const char *text)
{
	a->reply.error = error;
	snprintf(a->reply.text, sizeof(a->reply.text), "%s", text);
}

static FILE *file_begin(struct answer *a)
{
	int fd = memfd_create("nethood", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!f) {
		if (fd >= 0)
			close(fd);
		refuse(a, -ENOMEM, strerror(ENOMEM));
		return NULL;
	}
	a->fds[0] = fd;
	a->fd_count = 1;
	a->close_fds = true;
	return f;
}

static void file_end(struct answer *a, FILE *f)
{
	if (fclose(f))
		refuse(a, -EIO, strerror(EIO));
}

static void rq_info(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	struct nethood_ledger l;

	(void)arg;
	(void)fd;
	nethood_ledger(ctl->m->net, &l);
	snprintf(
		a->reply.text, sizeof(a->reply.text),
		"{\"name\":\"%s\",\"pid\":%d,\"programs\":%u,\"devices\":%u,\"packets\":%llu,\"dropped\":%llu,\"memory\":%llu,"
		"\"memory_peak\":%llu,\"waiting\":%llu,\"waiting_peak\":%llu,\"longest_turn_us\":%.1f}",
		ctl->m->name, (int)getpid(), supervisor_programs(ctl->m->sv), ctl->m->o->devs,
		(unsigned long long)l.taken_in, (unsigned long long)l.dropped, (unsigned long long)l.memory_bytes,
		(unsigned long long)l.memory_peak_bytes, (unsigned long long)l.waiting_bytes,
		(unsigned long long)l.waiting_peak_bytes, (double)loop_longest_turn(supervisor_loop(ctl->m->sv)) / 1e3);
}

static void rq_exec(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	(void)arg;
	(void)fd;
	if (ctl->netns_fd >= 0)
		a->fds[a->fd_count++] = ctl->netns_fd;
	if (ctl->netns_fd >= 0 && ctl->userns_fd >= 0)
		a->fds[a->fd_count++] = ctl->userns_fd;
}

/* May this process look into that one?  The kernel asks before it looks whether there is such a descriptor. */
static bool may_look_into(pid_t pid)
{
	long pidfd = syscall(SYS_pidfd_open, pid, 0), got;
	bool may;

	if (pidfd < 0)
		return true; /* of another pid namespace: it will be seen */
	got = syscall(SYS_pidfd_getfd, pidfd, NO_SUCH_FD, 0);
	may = got >= 0 || errno != EPERM;
	close((int)pidfd);
	return may;
}

static void rq_listener(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	int copy, err;

	if (!may_look_into((pid_t)strtol(arg, NULL, 10))) {
		refuse(a, -EPERM,
		       "the net's process may not look into programs that are not its children: "
		       "kernel.yama.ptrace_scope must be 0; or take nethood run");
		return;
	}
	copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	err = copy < 0 ? -EINVAL : supervisor_add_listener(ctl->m->sv, copy, strstr(arg, " mounted"), NULL, NULL);
	if (err)
		refuse(a, err, strerror(-err));
}

static void rq_sysctlfs(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int err = copy < 0 ? -EINVAL : supervisor_add_sysctlfs(ctl->m->sv, copy);

	(void)arg;
	if (err)
		refuse(a, err, strerror(-err));
}

static void rq_down(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	unsigned programs = supervisor_programs(ctl->m->sv);

	(void)fd;
	if (!programs || !strcmp(arg, "force")) {
		ctl->m->stop = true;
		return;
	}
	a->reply.error = -EBUSY;
	snprintf(a->reply.text, sizeof(a->reply.text), "%u program%s on it; end %s first, or down -f", programs,
		 programs == 1 ? " is" : "s are", programs == 1 ? "it" : "them");
}

static void rq_resolver(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	char text[RESOLV_CONF_BYTES];
	FILE *f = file_begin(a);

	(void)arg;
	(void)fd;
	if (!f)
		return;
	outside_resolver(ctl->m, text, sizeof(text));
	fputs(text, f);
	file_end(a, f);
}

static int print_drop(void *ctx, const struct nethood_drop *d)
{
	if (d->count)
		fprintf(ctx, "%s\t%llu\t%s\t%s\n", d->reason, (unsigned long long)d->count, d->where, d->sentence);
	return 0;
}

static void rq_drops(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	FILE *f = file_begin(a);

	(void)arg;
	(void)fd;
	if (!f)
		return;
	nethood_drops_each(ctl->m->net, print_drop, f);
	file_end(a, f);
}

static void rq_why(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	FILE *f = file_begin(a);
	int err;

	(void)fd;
	if (!f)
		return;
	err = neigh_why(ctl->m->net, arg, f);
	file_end(a, f);
	if (err)
		refuse(a, err,
		       err == -ENOENT ? "nothing ever changed there, or it is long ago"
				      : (err == -ENODEV ? "there is no such device" : strerror(-err)));
}

static void rq_proc(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	FILE *f = file_begin(a);
	int err;

	(void)fd;
	if (!f)
		return;
	err = proc_files(ctl->m->net, arg, f);
	file_end(a, f);
	if (err)
		refuse(a, err, err == -ENOENT ? "there is no such file; nethood proc NAME lists them" : strerror(-err));
}

static int print_sysctl(void *ctx, const char *key, const char *value)
{
	fprintf(ctx, "%s = %s\n", key, value);
	return 0;
}

static void rq_all(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	FILE *f = file_begin(a);

	(void)arg;
	(void)fd;
	if (!f)
		return;
	nethood_sysctl_each(ctl->m->net, print_sysctl, f);
	file_end(a, f);
}

static void rq_get(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	int ret = nethood_sysctl_get(ctl->m->net, arg, a->reply.text, sizeof(a->reply.text));

	(void)fd;
	if (ret < 0)
		refuse(a, ret, ret == -ENOENT ? "there is no such sysctl; -a lists all" : strerror(-ret));
}

static void rq_set(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	char key[CONTROL_REQUEST_BYTES], *equals;
	int err = -EINVAL;

	(void)fd;
	snprintf(key, sizeof(key), "%s", arg);
	equals = strchr(key, '=');
	if (equals) {
		*equals = '\0';
		err = nethood_sysctl_set(ctl->m->net, key, equals + 1);
	}
	if (err)
		refuse(a, err, err == -ENOENT ? "there is no such sysctl; -a lists all" : strerror(-err));
}

static void rq_record(struct control *ctl, const char *arg, int fd, struct answer *a)
{
	int err = record_turn(ctl->m->net, arg, fd, a->reply.text, sizeof(a->reply.text));

	if (err == -ESTALE)
		snprintf(a->reply.text, sizeof(a->reply.text), "%d 0 0", err);
	else if (err)
		refuse(a, err, err == -ENOENT ? "is not recorded; nethood up --record-mib N" : strerror(-err));
}

static const struct {
	const char *word;
	void (*fn)(struct control *ctl, const char *arg, int fd, struct answer *a);
} requests[] = {
	{ CONTROL_INFO, rq_info },      { CONTROL_EXEC, rq_exec },         { CONTROL_LISTENER, rq_listener },
	{ CONTROL_DOWN, rq_down },      { CONTROL_DROPS, rq_drops },       { CONTROL_SYSCTL_GET, rq_get },
	{ CONTROL_SYSCTL_SET, rq_set }, { CONTROL_SYSCTL_ALL, rq_all },    { CONTROL_NEIGH_WHY, rq_why },
	{ CONTROL_PROC, rq_proc },      { CONTROL_SYSCTLFS, rq_sysctlfs }, { CONTROL_RESOLVER, rq_resolver },
	{ CONTROL_RECORD, rq_record },
};

static void handle(struct control *ctl, char *request, int fd, struct answer *a)
{
	char *space = strchr(request, ' ');

	if (space)
		*space++ = '\0';
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (!strcmp(requests[i].word, request)) {
			requests[i].fn(ctl, space ? space : "", fd, a);
			return;
		}
	}
	refuse(a, -ENOSYS, "this net's nethood does not know the request: it is of another version");
}

/* ---- clients */

static void client_free(struct corpse *c)
{
	free(container_of(c, struct client, corpse));
}

static void client_destroy(struct client *c)
{
	struct loop *loop = supervisor_loop(c->ctl->m->sv);
	int fd = c->watch.fd;

	loop_del(loop, &c->watch);
	close(fd);
	LIST_REMOVE(c, link);
	c->ctl->client_count--;
	loop_bury(loop, &c->corpse, client_free);
}

static void client_event(struct watch *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, watch);
	struct answer a = { .fd_count = 0 };
	char request[CONTROL_REQUEST_BYTES + 1];
	int fd = -1, err;
	ssize_t n = control_receive(w->fd, request, CONTROL_REQUEST_BYTES, &fd, 1);

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		client_destroy(c);
		return;
	}
	request[n] = '\0';
	handle(c->ctl, request, fd, &a);
	err = control_send(w->fd, &a.reply, sizeof(a.reply), a.fds, a.reply.error ? 0 : a.fd_count);
	if (fd >= 0)
		close(fd);
	for (int i = 0; a.close_fds && i < a.fd_count; i++)
		close(a.fds[i]);
	if (err)
		client_destroy(c);
}

/* The directory is closed to others; this is the second door. */
static bool may_ask(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && (cred.uid == geteuid() || !cred.uid);
}

static int reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Whom nobody can serve is not left waiting, nor looked at again and again. */
static void turn_away(struct control *ctl)
{
	int fd;

	close(ctl->reserve_fd);
	fd = accept4(ctl->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	ctl->reserve_fd = reserve();
}

static void accept_event(struct watch *w, uint32_t events)
{
	struct control *ctl = container_of(w, struct control, watch);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	(void)events;
	if (fd < 0) {
		if ((errno == EMFILE || errno == ENFILE) && ctl->reserve_fd >= 0)
			turn_away(ctl);
		return;
	}
	c = ctl->client_count < CLIENTS_MAX && may_ask(fd) ? calloc(1, sizeof(*c)) : NULL;
	if (!c || loop_add(supervisor_loop(ctl->m->sv), &c->watch, fd, EPOLLIN, client_event)) {
		close(fd);
		free(c);
		return;
	}
	c->ctl = ctl;
	LIST_INSERT_HEAD(&ctl->clients, c, link);
	ctl->client_count++;
}

/* ---- life */

/* The namespaces that programs join.  One for all of them, so that they meet in it as unix sockets do. */
static int make_namespaces(struct control *ctl)
{
	int home, err = 0;

	ctl->netns_fd = ctl->userns_fd = ctl->reserve_fd = -1;
	if (!ctl->m->host.privileged && !ctl->m->host.private_ns)
		return 0; /* each program makes its own */
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || unshare(CLONE_NEWNET) < 0)
		err = -errno;
	if (!err) {
		ctl->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (ctl->netns_fd < 0 || setns(home, CLONE_NEWNET) < 0)
			err = -errno;
	}
	if (home >= 0)
		close(home);
	if (!err && ctl->m->host.private_ns) {
		ctl->userns_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		err = ctl->userns_fd < 0 ? -errno : 0;
	}
	return err;
}

int control_start(struct machine *m, int listen_fd, struct control **out)
{
	struct control *ctl = calloc(1, sizeof(*ctl));
	int err = ctl ? 0 : -ENOMEM;

	if (!err) {
		ctl->m = m;
		err = make_namespaces(ctl);
	}
	if (!err)
		err = loop_add(supervisor_loop(m->sv), &ctl->watch, listen_fd, EPOLLIN, accept_event);
	if (err) {
		close(listen_fd);
		if (ctl && ctl->netns_fd >= 0)
			close(ctl->netns_fd);
		if (ctl && ctl->userns_fd >= 0)
			close(ctl->userns_fd);
		free(ctl);
		return err;
	}
	ctl->reserve_fd = reserve();
	*out = ctl;
	return 0;
}

void control_stop(struct control *ctl)
{
	struct client *c;
	int fd = ctl->watch.fd;

	while ((c = LIST_FIRST(&ctl->clients)))
		client_destroy(c);
	loop_del(supervisor_loop(ctl->m->sv), &ctl->watch);
	close(fd);
	if (ctl->netns_fd >= 0)
		close(ctl->netns_fd);
	if (ctl->userns_fd >= 0)
		close(ctl->userns_fd);
	if (ctl->reserve_fd >= 0)
		close(ctl->reserve_fd);
	free(ctl);
}
