// SPDX-License-Identifier: BSD-2-Clause
/* All frames of a net to a pcapng file: one interface block for each device, and with each frame which way it went.
 *
 * A file that cannot be written ends on a whole block, and the net goes on.
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET 6U
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define LINKTYPE_ETHERNET 1
#define OPT_END 0
#define OPT_IF_NAME 2
#define OPT_IF_TSRESOL 9
#define OPT_EPB_FLAGS 2
#define FLAG_INBOUND 1U
#define FLAG_OUTBOUND 2U
#define TSRESOL_NANO 9
#define BUFFER_BYTES (256U * 1024U)
#define BLOCK_HEAD_BYTES 128U
#define DEVS_MAX 64

struct capture {
	struct nethood_net *net;
	char *path;
	int fd; /* -1: it failed */
	uint64_t wall_ns;
	char dev[DEVS_MAX][IFNAMSIZ];
	uint32_t devs;
	size_t used_bytes;
	uint8_t buf[BUFFER_BYTES];
};

static void put(struct capture *c, const void *data, size_t len_bytes)
{
	if (len_bytes)
		memcpy(c->buf + c->used_bytes, data, len_bytes);
	c->used_bytes += len_bytes;
}

static void put32(struct capture *c, uint32_t v)
{
	put(c, &v, sizeof(v));
}

static void put16(struct capture *c, uint16_t v)
{
	put(c, &v, sizeof(v));
}

static void pad(struct capture *c, size_t len_bytes)
{
	static const uint8_t zero[4];

	put(c, zero, (4 - len_bytes % 4) % 4);
}

static void option(struct capture *c, uint16_t code, const void *data, size_t len_bytes)
{
	put16(c, code);
	put16(c, (uint16_t)len_bytes);
	put(c, data, len_bytes);
	pad(c, len_bytes);
}

/* A block's length stands before and behind what it holds. */
static size_t block_begin(struct capture *c, uint32_t type)
{
	size_t at = c->used_bytes;

	put32(c, type);
	put32(c, 0);
	return at;
}

static void block_end(struct capture *c, size_t at)
{
	uint32_t len = (uint32_t)(c->used_bytes - at + sizeof(uint32_t));

	put32(c, len);
	memcpy(c->buf + at + sizeof(uint32_t), &len, sizeof(len));
}

static void section(struct capture *c)
{
	size_t at = block_begin(c, BLOCK_SECTION);

	put32(c, BYTE_ORDER_MAGIC);
	put16(c, 1); /* version 1.0 */
	put16(c, 0);
	put32(c, UINT32_MAX); /* length of the section: not known, 64 bits */
	put32(c, UINT32_MAX);
	block_end(c, at);
}

static void interface(struct capture *c, const char *name)
{
	const uint8_t resolution = TSRESOL_NANO;
	size_t at = block_begin(c, BLOCK_INTERFACE);

	put16(c, LINKTYPE_ETHERNET);
	put16(c, 0);
	put32(c, 0); /* no limit of length */
	option(c, OPT_IF_NAME, name, strlen(name));
	option(c, OPT_IF_TSRESOL, &resolution, sizeof(resolution));
	option(c, OPT_END, NULL, 0);
	block_end(c, at);
}

static uint32_t interface_of(struct capture *c, const char *name)
{
	uint32_t i;

	for (i = 0; i < c->devs; i++) {
		if (!strcmp(c->dev[i], name))
			return i;
	}
	if (c->devs == DEVS_MAX)
		return DEVS_MAX - 1;
	snprintf(c->dev[c->devs++], IFNAMSIZ, "%s", name);
	interface(c, name);
	return i;
}

static void fail(struct capture *c, int err)
{
	cli_errorf(c->path, "%s; the capture ends here", strerror(err));
	close(c->fd);
	c->fd = -1;
}

void capture_flush(struct capture *c)
{
	size_t done = 0;

	while (c && c->fd >= 0 && done < c->used_bytes) {
		ssize_t n = write(c->fd, c->buf + done, c->used_bytes - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			int err = n ? errno : ENOSPC;
			off_t at = lseek(c->fd, 0, SEEK_CUR);

			if (at >= (off_t)done && ftruncate(c->fd, at - (off_t)done) < 0)
				err = errno;
			fail(c, err);
		}
	}
	if (c)
		c->used_bytes = 0;
}

static size_t frame_bytes(const struct iovec *frame, int pieces)
{
	size_t sum = 0;

	for (int i = 0; i < pieces; i++)
		sum += frame[i].iov_len;
	return sum;
}

static void seen(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	struct capture *c = ctx;
	size_t len = frame_bytes(frame, pieces), at;
	uint64_t stamp = now_ns + c->wall_ns;
	uint32_t flags = out ? FLAG_OUTBOUND : FLAG_INBOUND, id;

	if (c->fd < 0 || len > BUFFER_BYTES - 2 * BLOCK_HEAD_BYTES)
		return;
	if (c->used_bytes + len + 2 * BLOCK_HEAD_BYTES > BUFFER_BYTES)
		capture_flush(c);
	id = interface_of(c, dev);
	at = block_begin(c, BLOCK_PACKET);
	put32(c, id);
	put32(c, (uint32_t)(stamp >> 32));
	put32(c, (uint32_t)stamp);
	put32(c, (uint32_t)len);
	put32(c, (uint32_t)len);
	for (int i = 0; i < pieces; i++)
		put(c, frame[i].iov_base, frame[i].iov_len);
	pad(c, len);
	option(c, OPT_EPB_FLAGS, &flags, sizeof(flags));
	option(c, OPT_END, NULL, 0);
	block_end(c, at);
}

int capture_open(struct nethood_net *net, const char *path, uint64_t wall_minus_mono_ns, struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));
	int err = c ? 0 : -ENOMEM;

	if (!err) {
		c->net = net;
		c->wall_ns = wall_minus_mono_ns;
		c->path = strdup(path);
		c->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		err = c->fd < 0 ? -errno : c->path ? 0 : -ENOMEM;
	}
	if (!err) {
		section(c);
		err = nethood_capture(net, seen, c);
	}
	if (err && c) {
		if (c->fd >= 0)
			close(c->fd);
		free(c->path);
		free(c);
	}
	if (!err)
		*out = c;
	return err;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	nethood_capture(c->net, NULL, NULL);
	capture_flush(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}
