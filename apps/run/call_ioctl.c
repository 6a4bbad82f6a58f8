// SPDX-License-Identifier: BSD-2-Clause
/* ioctl(2) about devices, addresses and routes: the SIOC* requests.
 *
 * glibc's if_nametoindex() makes them on a unix socket, so they are answered on any socket.  Requests about the socket
 * itself (SIOCATMARK, SIOCSPGRP) are the kernel's, for the unix socket that stands for it does as well.
 */
#include <errno.h>
#include <net/if.h> /* before linux/if.h, which steps back for it */

#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "supervisor_internal.h"

#define SIOC_SOCKET_FIRST 0x8906U /* time stamps: the stack knows them */
#define SIOC_SOCKET_LAST 0x8907U
#define SIOC_NET_FIRST 0x890bU /* SIOCADDRT */
#define SIOC_NET_LAST 0x897fU

struct user_ifconf {
	int32_t len, pad;
	uint64_t buf;
};
_Static_assert(sizeof(struct user_ifconf) == sizeof(struct ifconf), "64 bits");

static long request(struct call *c, void *arg, size_t arg_bytes)
{
	struct nethood_sock *sk = c->carrier ? c->carrier->sk : c->sv->any;

	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	if (!c->carrier) {
		uid_t uid = task_euid(call_tid(c));

		nethood_sock_set_admin(sk, uid == c->sv->owner || !uid);
	}
	return nethood_ioctl(sk, (unsigned long)(uint32_t)call_arg(c, 1), arg, arg_bytes);
}

/* A structure without pointers, in and out. */
static long plain(struct call *c, size_t bytes)
{
	uint64_t at = call_arg(c, 2);
	long ret;
	int err = task_read(call_tid(c), c->sv->option, at, bytes);

	if (err)
		return err;
	ret = request(c, c->sv->option, bytes);
	if (ret < 0)
		return ret;
	err = task_write(call_tid(c), at, c->sv->option, bytes);
	return err ? err : ret;
}

static long time_stamp(struct call *c)
{
	long ret = request(c, c->sv->option, sizeof(struct timespec));
	int err;

	if (ret < 0)
		return ret;
	err = task_write(call_tid(c), call_arg(c, 2), c->sv->option, sizeof(struct timespec));
	return err ? err : ret;
}

static long ifconf(struct call *c)
{
	struct user_ifconf user;
	struct ifconf ifc = { 0 };
	long ret;
	int err = task_read(call_tid(c), &user, call_arg(c, 2), sizeof(user));

	if (err)
		return err;
	if (user.len < 0)
		return -EINVAL;
	ifc.ifc_len = user.len < (int)DATA_BYTES_MAX ? user.len : (int)DATA_BYTES_MAX;
	ifc.ifc_buf = user.buf ? (char *)c->sv->data : NULL;
	ret = request(c, &ifc, sizeof(ifc));
	if (ret < 0)
		return ret;
	user.len = ifc.ifc_len;
	if (user.buf)
		err = task_write(call_tid(c), user.buf, c->sv->data, (size_t)ifc.ifc_len);
	if (!err)
		err = task_write(call_tid(c), call_arg(c, 2), &user, sizeof(user));
	return err ? err : ret;
}

/* What ethtool's commands read and write behind the pointer; the stack refuses others. */
static size_t ethtool_bytes(uint32_t cmd)
{
	switch (cmd) {
	case ETHTOOL_GDRVINFO:
		return sizeof(struct ethtool_drvinfo);
	case ETHTOOL_GLINK:
		return sizeof(struct ethtool_value);
	default:
		return sizeof(cmd);
	}
}

static long ethtool(struct call *c)
{
	struct ifreq ifr;
	uint64_t at;
	uint32_t cmd;
	long ret;
	int err = task_read(call_tid(c), &ifr, call_arg(c, 2), sizeof(ifr));

	at = (uint64_t)(uintptr_t)ifr.ifr_data;
	if (!err)
		err = task_read(call_tid(c), &cmd, at, sizeof(cmd));
	if (err)
		return err;
	memset(c->sv->data, 0, sizeof(struct ethtool_drvinfo));
	memcpy(c->sv->data, &cmd, sizeof(cmd));
	ifr.ifr_data = (void *)c->sv->data;
	ret = request(c, &ifr, sizeof(ifr));
	if (ret < 0)
		return ret;
	err = task_write(call_tid(c), at, c->sv->data, ethtool_bytes(cmd));
	return err ? err : ret;
}

static long route(struct call *c)
{
	struct rtentry rt;
	char dev[IFNAMSIZ + 1] = "";
	int err = task_read(call_tid(c), &rt, call_arg(c, 2), sizeof(rt));

	if (err)
		return err;
	if (rt.rt_dev) {
		if (task_read_some(call_tid(c), dev, (uint64_t)(uintptr_t)rt.rt_dev, IFNAMSIZ) < 0)
			return -EFAULT;
		rt.rt_dev = dev;
	}
	return request(c, &rt, sizeof(rt));
}

/* How much waits in a queue: an int. */
static long queue(struct call *c, uint32_t rq)
{
	int value = 0, err;
	long ret;

	if (!c->carrier || !c->carrier->ops->ioctl)
		return CALL_CONTINUE;
	ret = c->carrier->ops->ioctl(c, rq, &value);
	if (ret)
		return ret;
	err = task_write(call_tid(c), call_arg(c, 2), &value, sizeof(value));
	return err ? err : 0;
}

long call_ioctl(struct call *c)
{
	uint32_t rq = (uint32_t)call_arg(c, 1);

	if (rq == SIOCOUTQ || rq == SIOCOUTQNSD)
		return queue(c, rq);
	if (c->carrier && rq >= SIOC_SOCKET_FIRST && rq <= SIOC_SOCKET_LAST)
		return time_stamp(c);
	if (rq < SIOC_NET_FIRST || rq > SIOC_NET_LAST)
		return CALL_CONTINUE;
	switch (rq) {
	case SIOCGIFCONF:
		return ifconf(c);
	case SIOCETHTOOL:
		return ethtool(c);
	case SIOCADDRT:
	case SIOCDELRT:
		return route(c);
	case SIOCSARP:
	case SIOCDARP:
	case SIOCGARP:
		return plain(c, sizeof(struct arpreq));
	default:
		return plain(c, sizeof(struct ifreq));
	}
}
