// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4.ip_local_reserved_ports: a list of ports and of ranges, "8080,9000-9010".
 *
 * @rfc 6056 3.2   @linux proc_do_large_bitmap, inet_is_local_reserved_port
 *
 * One bit for each port; no memory until the first list is written.
 */
#include "ipv4/reserved_ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4/netns_ipv4.h"

#define PORTS 65536U
#define MAP_BYTES (PORTS / 8)
#define LIST_BYTES 256U /* of a list as text: what a file can hold */

static bool is_set(const u8 *map, u32 port)
{
	return map[port / 8] & (1U << (port % 8));
}

bool ip_is_local_reserved_port(const struct net *net, u16 port)
{
	const u8 *map = net->ipv4->reserved_ports;

	return map && is_set(map, port);
}

/* Return: length; -ENOSPC */
static int list_print(const u8 *map, char *buf, size_t size_bytes)
{
	size_t used = 0;
	int n;

	buf[0] = '\0';
	for (u32 first = 0, last; first < PORTS; first = last + 1) {
		last = first;
		if (!is_set(map, first))
			continue;
		while (last + 1 < PORTS && is_set(map, last + 1))
			last++;
		n = snprintf(buf + used, size_bytes - used, last > first ? "%s%u-%u" : "%s%u", used ? "," : "", first,
			     last);
		if ((size_t)n >= size_bytes - used)
			return -ENOSPC;
		used += (size_t)n;
	}
	return (int)used;
}

/* One number; *text is behind it.  Return: 0, -EINVAL */
static int port_parse(const char **text, u32 *port)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	value = strtoul(*text, &end, 0);
	if (value >= PORTS)
		return -EINVAL;
	*text = end;
	*port = (u32)value;
	return 0;
}

static int list_parse(const char *text, u8 *map)
{
	while (*text) {
		u32 first, last;

		if (port_parse(&text, &first))
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (port_parse(&text, &last) || last < first)
				return -EINVAL;
		}
		for (u32 port = first; port <= last; port++)
			map[port / 8] |= (u8)(1U << (port % 8));
		if (*text == ',' && text[1])
			text++;
		else if (*text)
			return -EINVAL;
	}
	return 0;
}

int reserved_ports_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct netns_ipv4 *ipv4 = dir->base;

	(void)e;
	if (ipv4->reserved_ports)
		return list_print(ipv4->reserved_ports, buf, size_bytes);
	buf[0] = '\0';
	return 0;
}

/* A list that could not be read again is refused. */
int reserved_ports_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct netns_ipv4 *ipv4 = dir->base;
	struct net *net = dir->ctx;
	u8 *map = mem_zalloc(net->mem, MAP_BYTES);
	char text[LIST_BYTES - 1];
	int err;

	(void)e;
	if (!map)
		return -ENOMEM;
	err = list_parse(value, map);
	if (!err && list_print(map, text, sizeof(text)) < 0)
		err = -EINVAL;
	if (err) {
		mem_free(net->mem, map, MAP_BYTES);
		return err;
	}
	reserved_ports_exit(net);
	ipv4->reserved_ports = map;
	return 0;
}

void reserved_ports_exit(struct net *net)
{
	if (net->ipv4->reserved_ports)
		mem_free(net->mem, net->ipv4->reserved_ports, MAP_BYTES);
	net->ipv4->reserved_ports = NULL;
}
