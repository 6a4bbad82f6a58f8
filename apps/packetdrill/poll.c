// SPDX-License-Identifier: BSD-2-Clause
/* poll(2) and epoll(7) over the host's files, and over descriptors of the system beside them. */
#include <errno.h>
#include <stdlib.h>

#include "pd.h"

#define ALWAYS ((uint32_t)(EPOLLERR | EPOLLHUP))
#define MODES ((uint32_t)(EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE))
#define NESTED_MAX 5

/** struct pd_item - a descriptor that an epoll file watches */
struct pd_item {
	TAILQ_ENTRY(pd_item) node; /**< in the epoll's items; reported ones go to the end */
	TAILQ_ENTRY(pd_item) watcher_node;
	struct pd_file *epoll;
	struct pd_file *file; /**< NULL: a descriptor of the system */
	int fd;
	uint32_t events;
	epoll_data_t data;
	uint32_t seen; /**< of the system's: what it was, last time */
	bool fresh;    /**< something happened since it was reported */
	bool spent;    /**< EPOLLONESHOT */
};

static uint32_t system_readiness(int fd, uint32_t events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return poll(&p, 1, 0) > 0 ? (uint32_t)(unsigned short)p.revents : 0;
}

static uint32_t item_events(const struct pd_item *item)
{
	uint32_t asked = (item->events & ~MODES) | ALWAYS;

	if (item->spent || ((item->events & EPOLLET) && !item->fresh && item->file))
		return 0;
	return item->file ? pd_readiness(item->file) & asked : system_readiness(item->fd, asked) & asked;
}

static uint32_t epoll_readiness(const struct pd_file *epoll)
{
	const struct pd_item *item;

	TAILQ_FOREACH(item, &epoll->items, node) {
		if (item_events(item))
			return EPOLLIN | EPOLLRDNORM;
	}
	return 0;
}

uint32_t pd_readiness(const struct pd_file *file)
{
	if (file->sk)
		return nethood_readiness(file->sk);
	return file->pipe ? pd_pipe_readiness(file) : epoll_readiness(file);
}

void pd_file_ready(struct pd_file *file, uint32_t events)
{
	struct pd_item *item;

	TAILQ_FOREACH(item, &file->watchers, watcher_node) {
		if (!(events & (item->events | ALWAYS)) || item->fresh)
			continue;
		item->fresh = true;
		pd_file_ready(item->epoll, EPOLLIN);
	}
}

/* ---- poll */

struct poll_call {
	struct pollfd *fds;
	struct pd_file **files; /* NULL: the system's, or none */
	nfds_t count;
	int ready;
};

static bool try_poll(void *arg)
{
	struct poll_call *c = arg;

	c->ready = 0;
	for (nfds_t i = 0; i < c->count; i++) {
		struct pollfd *p = &c->fds[i];
		uint32_t asked = (uint32_t)(unsigned short)p->events;

		if (p->fd < 0)
			p->revents = 0;
		else if (c->files[i])
			p->revents = (short)(pd_readiness(c->files[i]) & (asked | ALWAYS));
		else
			p->revents = (short)system_readiness(p->fd, asked);
		c->ready += p->revents != 0;
	}
	return c->ready != 0;
}

static uint64_t timeout_ns(int timeout_ms)
{
	if (timeout_ms < 0)
		return PD_EVER;
	return (unsigned)timeout_ms * NS_PER_MS;
}

int pd_poll(struct pd *pd, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct poll_call c = { .fds = fds, .count = count };
	int err;

	if (count > INT32_MAX / sizeof(struct pd_file *))
		return -EINVAL;
	c.files = calloc(count ? count : 1, sizeof(struct pd_file *));
	if (!c.files)
		return -ENOMEM;
	for (nfds_t i = 0; i < count; i++)
		c.files[i] = pd_file_get(pd, fds[i].fd);
	err = pd_wait(pd, try_poll, &c, timeout_ns(timeout_ms));
	for (nfds_t i = 0; i < count; i++) {
		if (c.files[i])
			pd_file_put(c.files[i]);
	}
	free(c.files);
	return err == -EINTR ? err : c.ready;
}

/* ---- epoll */

int pd_epoll_create(struct pd *pd, int size)
{
	struct pd_file *file;
	int fd;

	if (size <= 0)
		return -EINVAL;
	fd = pd_file_create(pd, PD_EPOLL, &file);
	if (fd)
		return fd;
	fd = pd_file_install(file, false);
	pd_file_put(file);
	return fd;
}

static struct pd_item *item_find(const struct pd_file *epoll, const struct pd_file *file, int fd)
{
	struct pd_item *item;

	TAILQ_FOREACH(item, &epoll->items, node) {
		if (item->fd == fd && item->file == file)
			return item;
	}
	return NULL;
}

static void item_free(struct pd_item *item)
{
	TAILQ_REMOVE(&item->epoll->items, item, node);
	if (item->file)
		TAILQ_REMOVE(&item->file->watchers, item, watcher_node);
	free(item);
}

void pd_epoll_forget(struct pd_file *file)
{
	while (!TAILQ_EMPTY(
		&file->watchers)) /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is taken out of both lists */
		item_free(TAILQ_FIRST(&file->watchers));
	while (!TAILQ_EMPTY(&file->items))
		item_free(TAILQ_FIRST(&file->items));
}

/* How deep epoll files lie in @file; more than the limit if @stop is among them. */
static int nested(const struct pd_file *file, const struct pd_file *stop, int depth)
{
	const struct pd_item *item;
	int deepest = depth;

	if (file == stop || depth > NESTED_MAX)
		return NESTED_MAX + 1;
	TAILQ_FOREACH(item, &file->items, node) {
		int d = item->file && item->file->kind == PD_EPOLL ? nested(item->file, stop, depth + 1) : depth;

		deepest = d > deepest ? d : deepest;
	}
	return deepest;
}

static int item_add(struct pd_file *epoll, struct pd_file *file, int fd, const struct epoll_event *event)
{
	struct pd_item *item;
	struct stat st;

	if (file && file->kind == PD_EPOLL && nested(file, epoll, 1) >= NESTED_MAX)
		return -ELOOP;
	if (!file && fstat(fd, &st) < 0)
		return -EBADF;
	if (!file && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return -EPERM;
	item = calloc(1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	*item = (struct pd_item){ .epoll = epoll, .file = file, .fd = fd, .fresh = true };
	item->events = event->events;
	item->data = event->data;
	TAILQ_INSERT_TAIL(&epoll->items, item, node);
	if (file)
		TAILQ_INSERT_TAIL(&file->watchers, item, watcher_node);
	return 0;
}

static void item_change(struct pd_item *item, const struct epoll_event *event)
{
	item->events = event->events;
	item->data = event->data;
	item->fresh = true;
	item->spent = false;
	item->seen = 0;
}

static int ctl(struct pd_file *epoll, struct pd_file *file, int op, int fd, const struct epoll_event *event)
{
	struct pd_item *item = item_find(epoll, file, fd);

	if (epoll == file)
		return -EINVAL;
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : item_add(epoll, file, fd, event);
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if ((item->events | event->events) & EPOLLEXCLUSIVE)
			return -EINVAL;
		item_change(item, event);
		return 0;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_free(item);
		return 0;
	default:
		return -EINVAL;
	}
}

int pd_epoll_ctl(struct pd_file *epoll, int op, int fd, const struct epoll_event *event)
{
	struct pd_file *file;
	struct stat st;
	int err;

	if (op != EPOLL_CTL_DEL && !event)
		return -EFAULT;
	file = pd_file_get(epoll->pd, fd);
	if (!file && fstat(fd, &st) < 0)
		return -EBADF;
	err = epoll->kind == PD_EPOLL ? ctl(epoll, file, op, fd, event) : -EINVAL;
	if (file)
		pd_file_put(file);
	return err;
}

/* Of the system's nobody tells when something happens: what was not there last time did. */
static uint32_t item_take(struct pd_item *item)
{
	uint32_t events = item_events(item);

	item->fresh = false;
	if (!item->file && item->events & EPOLLET) {
		uint32_t news = events & ~item->seen;

		item->seen = events;
		events = news ? events : 0;
	}
	if (events && item->events & EPOLLONESHOT)
		item->spent = true;
	return events;
}

struct epoll_call {
	struct pd_file *epoll;
	struct epoll_event *events;
	int room, count;
};

static bool try_epoll(void *arg)
{
	struct epoll_call *c = arg;
	struct pd_item *item, *next, *last = TAILQ_LAST(&c->epoll->items, item_list);

	for (item = TAILQ_FIRST(&c->epoll->items); item && c->count < c->room; item = item == last ? NULL : next) {
		uint32_t events = item_take(item);

		next = TAILQ_NEXT(item, node);
		if (!events)
			continue;
		c->events[c->count++] = (struct epoll_event){ .events = events, .data = item->data };
		TAILQ_REMOVE(&c->epoll->items, item, node);
		TAILQ_INSERT_TAIL(&c->epoll->items, item, node);
	}
	return c->count != 0;
}

int pd_epoll_wait(struct pd_file *epoll, struct epoll_event *events, int count, int timeout_ms)
{
	struct epoll_call c = { .epoll = epoll, .events = events, .room = count };
	int err;

	if (epoll->kind != PD_EPOLL || count <= 0)
		return -EINVAL;
	err = pd_wait(epoll->pd, try_epoll, &c, timeout_ns(timeout_ms));
	return err == -EINTR ? err : c.count;
}
