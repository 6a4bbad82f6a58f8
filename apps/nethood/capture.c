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

#include "base/pcapng.h"
#include "cli.h"

#define BUFFER_BYTES (256U * 1024U)
#define DEVS_MAX 64

struct capture {
	struct nethood_net *net;
	char *path;
	int fd; /* -1: it failed */
	uint64_t wall_ns;
	char dev[DEVS_MAX][IFNAMSIZ];
	uint32_t devs;
	struct pcapng out;
	uint8_t buf[BUFFER_BYTES];
};

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
	(void)pcapng_interface(&c->out, name);
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

	while (c && c->fd >= 0 && done < c->out.used_bytes) {
		ssize_t n = write(c->fd, c->buf + done, c->out.used_bytes - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			int err = n ? errno : ENOSPC;
			off_t at = lseek(c->fd, 0, SEEK_CUR);

			if (at >= (off_t)done)
				(void)!ftruncate(c->fd, at - (off_t)done); /* a device has no end to cut off */
			fail(c, err);
		}
	}
	if (c)
		c->out.used_bytes = 0;
}

static size_t frame_bytes(const struct iovec *frame, int pieces)
{
	size_t sum = 0;

	for (int i = 0; i < pieces; i++)
		sum += frame[i].iov_len;
	return sum;
}

void capture_frame(struct capture *c, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	struct pcapng_packet packet = { .stamp_ns = now_ns + c->wall_ns,
					.frame = frame,
					.pieces = pieces,
					.way = out ? PCAPNG_OUTBOUND : PCAPNG_INBOUND };
	size_t room = frame_bytes(frame, pieces) + PCAPNG_INTERFACE_BYTES + PCAPNG_PACKET_BYTES;

	if (c->fd < 0 || room > BUFFER_BYTES)
		return;
	if (c->out.used_bytes + room > BUFFER_BYTES)
		capture_flush(c);
	packet.interface = interface_of(c, dev);
	(void)pcapng_packet(&c->out, &packet);
}

static void seen(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	capture_frame(ctx, dev, out, now_ns, frame, pieces);
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
		c->out = (struct pcapng){ .buf = c->buf, .room_bytes = sizeof(c->buf) };
		(void)pcapng_section(&c->out);
		err = net ? nethood_capture(net, seen, c) : 0;
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
	if (c->net)
		nethood_capture(c->net, NULL, NULL);
	capture_flush(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}
