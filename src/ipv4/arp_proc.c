// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/arp, as arp(8) reads it.
 *
 * @linux arp_format_neigh_entry, arp_format_pneigh_entry
 *
 * What needs no ARP, or is nothing yet, is not shown.  One that failed shows the last address that it had.
 */
#include <linux/if_arp.h>
#include <stdio.h>

#include "ipv4/arp.h"
#include "ipv4/ipv4_proc.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/pneigh.h"

#define SCAN_SLOTS 256U
#define ADDRESS_BYTES sizeof("255.255.255.255")
#define HWADDR_BYTES (3 * NEIGH_HA_MAX) /* with what ends it */
#define ATF_PROXY (ATF_PUBL | ATF_PERM)

static void arp_format(struct seq_file *m, const u8 key[static 4], u32 hw_type, u32 flags, const char *ha,
		       const char *dev)
{
	char address[ADDRESS_BYTES];

	snprintf(address, sizeof(address), "%u.%u.%u.%u", key[0], key[1], key[2], key[3]);
	seq_printf(m, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", address, hw_type, flags, ha, dev);
}

int arp_state_to_flags(const struct neighbour *n)
{
	if (n->nud_state & NUD_PERMANENT)
		return ATF_PERM | ATF_COM;
	return n->nud_state & NUD_VALID ? ATF_COM : 0;
}

/* Not printf's work: a table may have a million rows, and the net waits meanwhile. */
static void ha_format(char *to, const u8 *ha, u32 len_bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (u32 i = 0; i < len_bytes; i++) {
		if (i)
			*to++ = ':';
		*to++ = digits[ha[i] >> 4];
		*to++ = digits[ha[i] & 15];
	}
	*to = '\0';
}

static void arp_format_neigh(void *ctx, struct neighbour *n)
{
	char ha[HWADDR_BYTES];

	if (!(n->nud_state & ~NUD_NOARP))
		return;
	ha_format(ha, n->ha, min_u32(n->dev->addr_len, NEIGH_HA_MAX));
	arp_format(ctx, n->primary_key, n->dev->type, (u32)arp_state_to_flags(n), ha, n->dev->name);
}

static void arp_format_pneigh(void *ctx, struct pneigh_entry *pn)
{
	arp_format(ctx, pn->key, pn->dev ? pn->dev->type : 0, ATF_PROXY, "00:00:00:00:00:00",
		   pn->dev ? pn->dev->name : "*");
}

void arp_seq_show(struct seq_file *m, struct net *net)
{
	struct neigh_table *tbl = net->ipv4->arp;
	u64 cursor = 0;

	seq_puts(m, "IP address       HW type     Flags       HW address            Mask     Device\n");
	do
		cursor = neigh_table_scan(tbl, cursor, SCAN_SLOTS, arp_format_neigh, m);
	while (cursor && !m->err);
	cursor = 0;
	do
		cursor = pneigh_scan(tbl, cursor, SCAN_SLOTS, arp_format_pneigh, m);
	while (cursor && !m->err);
}
