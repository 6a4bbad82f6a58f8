// SPDX-License-Identifier: BSD-2-Clause
/* What may happen to a neighbour, and to the device that it is at. */
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "wire/arp.h"
#include "wire/eth.h"

#define SETTLE_NS (30 * NSEC_PER_SEC) /* until nothing is left of setting up */
#define POLLS_MAX 1000U

static void peer_mac(u32 peer, u32 which, u8 mac[static 6])
{
	memcpy(mac, (const u8[]){ 2, 0, 0, 1, (u8)peer, (u8)which }, 6);
}

static __be32 peer_ip(u32 peer)
{
	return cpu_to_be32(0x0a4d000a + peer);
}

static void poll_net(struct explorer *x)
{
	for (u32 polls = 0; nethood_poll(x->k->net, x->k->now) || nethood_next_deadline(x->k->net) <= x->k->now;
	     polls++) {
		if (polls > 1000) {
			explore_broken(x, "it is never done");
			return;
		}
	}
	x->k->behind = false;
	nud_ref_settle(x->k->ref);
}

/* ------------------------------------------------------------------ packets and frames */

static void do_send(struct explorer *x, u32 peer, const struct act *act)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = CONST_BE16(9),
					.sin_addr.s_addr = peer < x->entries ? peer_ip(peer) : NEWCOMER_IP };
	const struct neighbour *n = peer < x->entries ? explore_entry(x, peer) : NULL;
	bool asked = n && (n->nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE));
	u32 before = x->packets_out;
	ssize_t sent;

	if (act->state) /* it is vouched for */
		nud_ref_confirmed(x->k->ref, x->k->now);
	sent = nethood_sendto(x->k->udp, "x", 1, act->state ? MSG_CONFIRM : 0, (const struct sockaddr *)&to,
			      sizeof(to));
	if (!asked || sent < 0)
		return;
	x->edge_taken[0]++; /* the way of packets that need no question: no event tells of it */
	if (explore_can_send(x) && x->packets_out != before + 1)
		explore_broken(x, "a packet to a neighbour that needs no question did not leave at once");
}

static void do_arp(struct explorer *x, const u8 *dst, u16 op, const u8 *sha, __be32 sip, const u8 *tha, __be32 tip)
{
	u8 frame[60] = { 0 };

	eth_build((struct ethhdr *)frame, dst, sha, CONST_BE16(ETH_P_ARP));
	arp_build((struct arp_eth_ip4 *)(frame + ETH_HLEN), op, sha, sip, tha, tip);
	nud_ref_frame_in(x->k->ref, x->k->now, nethood_dev_ifindex(x->k->dev), frame, sizeof(frame));
	(void)nethood_dev_receive(x->k->dev, frame, sizeof(frame));
}

static const u8 all_macs[6] = { 255, 255, 255, 255, 255, 255 };

static void do_reply(struct explorer *x, u32 peer, const struct act *act)
{
	u8 mac[6];

	peer_mac(peer, act->mac, mac);
	do_arp(x, act->to_all ? all_macs : our_mac, 2, mac, peer_ip(peer), our_mac, OUR_IP);
}

static void do_ask_us(struct explorer *x, u32 peer, const struct act *act)
{
	u8 mac[6];

	peer_mac(peer, act->mac, mac);
	do_arp(x, act->to_all ? all_macs : our_mac, 1, mac, peer_ip(peer), NULL, OUR_IP);
}

static void do_ask_others(struct explorer *x, u32 peer, const struct act *act)
{
	u8 mac[6];

	peer_mac(peer, act->mac, mac);
	do_arp(x, all_macs, 1, mac, peer_ip(peer), NULL, NEWCOMER_IP);
}

static void do_announce(struct explorer *x, u32 peer, const struct act *act)
{
	u8 mac[6];

	peer_mac(peer, act->mac, mac);
	do_arp(x, all_macs, 1, mac, peer_ip(peer), NULL, peer_ip(peer));
}

struct request {
	struct nlmsghdr nlh;
	union {
		struct ndmsg ndm;
		struct ifinfomsg ifi;
	};
	u8 attrs[64];
};

static void put_attr(struct request *r, u16 type, const void *data, u16 len_bytes)
{
	struct nlattr *at = (struct nlattr *)(void *)((u8 *)r + NLMSG_ALIGN(r->nlh.nlmsg_len));

	at->nla_type = type;
	at->nla_len = (u16)(sizeof(*at) + len_bytes);
	memcpy(at + 1, data, len_bytes);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLMSG_ALIGN(at->nla_len);
}

/* What is answered is the reference's business: it knows the error that must come out. */
static void ask_admin(struct explorer *x, struct request *r)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	u8 answer[1024];

	(void)nethood_sendto(x->k->admin, r, r->nlh.nlmsg_len, 0, (const struct sockaddr *)&to, sizeof(to));
	while (nethood_recvfrom(x->k->admin, answer, sizeof(answer), 0, NULL, NULL) > 0)
		;
}

static void do_neigh(struct explorer *x, u32 peer, const struct act *act)
{
	struct request r = {
		.nlh = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
			 .nlmsg_type = act->type,
			 .nlmsg_flags = (u16)(NLM_F_REQUEST | NLM_F_ACK | act->nlflags) },
		.ndm = { .ndm_family = AF_INET,
			 .ndm_ifindex = nethood_dev_ifindex(x->k->dev),
			 .ndm_state = act->state,
			 .ndm_flags = act->ntf },
	};
	__be32 ip = peer < x->entries ? peer_ip(peer) : NEWCOMER_IP;
	u32 ext = act->ext;
	u8 mac[6];

	put_attr(&r, NDA_DST, &ip, sizeof(ip));
	peer_mac(peer, act->mac, mac);
	if (act->mac)
		put_attr(&r, NDA_LLADDR, mac, sizeof(mac));
	if (ext)
		put_attr(&r, NDA_FLAGS_EXT, &ext, sizeof(ext));
	ask_admin(x, &r);
}

static void do_doubt(struct explorer *x, u32 peer, const struct act *act)
{
	__be32 ip = peer_ip(peer);

	(void)act;
	(void)nethood_neigh_doubt(x->k->net, NULL, AF_INET, &ip);
}

static void do_link(struct explorer *x, u32 peer, const struct act *act)
{
	struct request r = { .nlh = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
				      .nlmsg_type = RTM_NEWLINK,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
			     .ifi = { .ifi_index = nethood_dev_ifindex(x->k->dev), .ifi_change = 1 } };

	(void)peer;
	(void)act;
	x->k->link_down = !x->k->link_down;
	r.ifi.ifi_flags = x->k->link_down ? 0 : 1; /* IFF_UP */
	ask_admin(x, &r);
}

static void ask_addr(struct explorer *x, u16 type)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_INET,
				 .ifa_prefixlen = 24,
				 .ifa_flags = IFA_F_NODAD,
				 .ifa_index = (u32)nethood_dev_ifindex(x->k->dev) };
	struct request r = { .nlh = { .nlmsg_len = NLMSG_LENGTH(sizeof(ifa)),
				      .nlmsg_type = type,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE } };

	memcpy(NLMSG_DATA(&r.nlh), &ifa, sizeof(ifa));
	put_attr(&r, IFA_LOCAL, &(__be32){ OUR_IP }, 4);
	ask_admin(x, &r);
}

static void do_addr(struct explorer *x, u32 peer, const struct act *act)
{
	(void)peer;
	(void)act;
	x->k->no_addr = !x->k->no_addr;
	ask_addr(x, x->k->no_addr ? RTM_DELADDR : RTM_NEWADDR);
}

static void do_cable(struct explorer *x, u32 peer, const struct act *act)
{
	(void)peer;
	(void)act;
	x->k->unplugged = !x->k->unplugged;
	nethood_dev_carrier(x->k->dev, !x->k->unplugged);
}

static void do_time(struct explorer *x, u32 peer, const struct act *act)
{
	(void)peer;
	(void)act;
	if (!x->k->behind)
		x->k->now += TICK_NS;
}

/* What is due must wait: something else comes first. */
static void do_time_late(struct explorer *x, u32 peer, const struct act *act)
{
	(void)peer;
	(void)act;
	x->k->now += TICK_NS;
	nethood_set_time(x->k->net, x->k->now);
	x->k->behind = true;
}

static void set(struct explorer *x, const char *key, u32 value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", value);
	if (nethood_sysctl_set(x->k->net, key, text))
		explore_broken(x, key);
}

/* A table with room for nobody: one more neighbour, and another one has to go. */
static void do_crowd(struct explorer *x, u32 peer, const struct act *act)
{
	static const struct act deletion = { .type = RTM_DELNEIGH };
	const struct neigh_table *arp = x->k->net->net.ipv4->arp;

	(void)peer;
	set(x, "net.ipv4.neigh.default.gc_thresh3", arp->gc_entries_count ? arp->gc_entries_count : 1);
	do_send(x, x->entries, act);
	do_neigh(x, x->entries, &deletion);
	set(x, "net.ipv4.neigh.default.gc_thresh3", 1024);
}

#define NEW .fn = do_neigh, .type = RTM_NEWNEIGH
#define REPLACE .nlflags = NLM_F_CREATE | NLM_F_REPLACE
#define CHANGE .nlflags = NLM_F_CREATE
static const struct act acts[] = {
	{ "time passes", do_time, .global = true },
	{ "a packet to it", .fn = do_send },
	{ "it answers", do_reply, .mac = 1 },
	{ "another answers for it", do_reply, .mac = 2 },
	{ "it asks us", do_ask_us, .mac = 1 },
	{ "another asks us in its name", do_ask_us, .mac = 2 },
	{ "the link goes down, or up", do_link, .global = true },
	{ "the cable is pulled out, or put in", do_cable, .global = true },
	{ "it is made permanent", NEW, REPLACE, .mac = 1, .state = NUD_PERMANENT },
	{ "it is deleted", .fn = do_neigh, .type = RTM_DELNEIGH },
	{ "it is doubted", .fn = do_doubt },

	{ "what is due has to wait", do_time_late, .global = true, .rare = true },
	{ "a packet, and it is vouched for", do_send, .rare = true, .state = 1 },
	{ "it answers all", do_reply, .rare = true, .mac = 1, .to_all = true },
	{ "another answers all", do_reply, .rare = true, .mac = 2, .to_all = true },
	{ "it asks all for us", do_ask_us, .rare = true, .mac = 1, .to_all = true },
	{ "it asks for others", do_ask_others, .rare = true, .mac = 1 },
	{ "another asks for others in its name", do_ask_others, .rare = true, .mac = 2 },
	{ "it announces itself", do_announce, .rare = true, .mac = 1 },
	{ "another announces itself in its name", do_announce, .rare = true, .mac = 2 },
	{ "we lose our address, or get it", .fn = do_addr, .global = true, .rare = true },
	{ "the table is crowded", do_crowd, .global = true, .rare = true },

	{ "made permanent elsewhere", NEW, REPLACE, .rare = true, .mac = 2, .state = NUD_PERMANENT },
	{ "made reachable", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_REACHABLE },
	{ "made reachable elsewhere", NEW, REPLACE, .rare = true, .mac = 2, .state = NUD_REACHABLE },
	{ "made stale", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_STALE },
	{ "made stale elsewhere", NEW, REPLACE, .rare = true, .mac = 2, .state = NUD_STALE },
	{ "made delay", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_DELAY },
	{ "made probe", NEW, REPLACE, .rare = true, .mac = 2, .state = NUD_PROBE },
	{ "made noarp", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_NOARP },
	{ "made failed", NEW, REPLACE, .rare = true, .state = NUD_FAILED },
	{ "made incomplete", NEW, REPLACE, .rare = true, .state = NUD_INCOMPLETE },
	{ "made none", NEW, REPLACE, .rare = true, .state = NUD_NONE },
	{ "made reachable where it is", NEW, CHANGE, .rare = true, .state = NUD_REACHABLE },
	{ "made stale where it is", NEW, CHANGE, .rare = true, .state = NUD_STALE },
	{ "made permanent where it is", NEW, CHANGE, .rare = true, .state = NUD_PERMANENT },
	{ "said to be reachable elsewhere", NEW, CHANGE, .rare = true, .mac = 2, .state = NUD_REACHABLE },
	{ "said to be permanent elsewhere", NEW, CHANGE, .rare = true, .mac = 2, .state = NUD_PERMANENT },
	{ "to be used", NEW, CHANGE, .rare = true, .ntf = NTF_USE },
	{ "to be used, elsewhere", NEW, REPLACE, .rare = true, .mac = 2, .state = NUD_STALE, .ntf = NTF_USE },
	{ "learned by somebody", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_STALE, .ntf = NTF_EXT_LEARNED },
	{ "a router", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_REACHABLE, .ntf = NTF_ROUTER },
	{ "validated by somebody", NEW, REPLACE, .rare = true, .mac = 1, .state = NUD_STALE,
	  .ext = NEIGH_EXT_VALIDATED },
	{ "managed", NEW, CHANGE, .rare = true, .ext = NTF_EXT_MANAGED },
};
#undef NEW
#undef REPLACE
#undef CHANGE

const struct act *explore_acts(u32 *count)
{
	*count = ARRAY_SIZE(acts);
	return acts;
}

bool explore_act_is_possible(const struct explorer *x, const struct act *act, u32 peer)
{
	if ((act->rare && !x->many) || (act->global ? peer > 0 : peer >= x->entries))
		return false;
	return act->fn != do_time_late || !x->k->behind;
}

void explore_act(struct explorer *x, const struct act *act, u32 peer)
{
	x->packets_out = 0;
	act->fn(x, peer, act);
	if (act->fn != do_time_late)
		poll_net(x);
}

/* ------------------------------------------------------------------ setting up */

static void set_parms(struct explorer *x)
{
	struct net *net = &x->k->net->net;
	struct neigh_parms *p = dev_of(x->k->dev)->neigh_parms[NEIGH_ARP_TABLE];

	set(x, "net.ipv4.neigh.eth0.retrans_time_ms", 500);
	set(x, "net.ipv4.neigh.eth0.delay_first_probe_time", 1);
	set(x, "net.ipv4.neigh.eth0.base_reachable_time_ms", 2000);
	set(x, "net.ipv4.neigh.eth0.gc_stale_time", 0);
	set(x, "net.ipv4.neigh.eth0.locktime", 50);
	set(x, "net.ipv4.neigh.eth0.unres_qlen_bytes", 2000); /* two packets */
	set(x, "net.ipv4.neigh.eth0.ucast_solicit", x->world->ucast);
	set(x, "net.ipv4.neigh.eth0.mcast_solicit", x->world->mcast);
	set(x, "net.ipv4.neigh.eth0.app_solicit", x->world->app);
	set(x, "net.ipv4.neigh.eth0.mcast_resolicit", x->world->remcast);
	set(x, "net.ipv4.neigh.default.interval_probe_time_ms", 500);
	set(x, "net.ipv4.neigh.default.base_reachable_time_ms", 1000); /* collection at each tick */
	set(x, "net.ipv4.neigh.default.gc_interval", 1);
	p->reachable_time = PARM_TICKS * TICK_NS; /* a tick is as fine as time gets here; it may have been drawn */
	neigh_trace_parms(p);
	net->ipv4->arp->last_rand = (ktime_t)1 << 60; /* and is not drawn again */
}

void explore_set_up(struct explorer *x)
{
	x->k->link_down = true;
	do_link(x, 0, NULL);
	ask_addr(x, RTM_NEWADDR);
	set_parms(x);
	for (u64 until = x->k->now + SETTLE_NS; x->k->now < until; x->k->now += TICK_NS)
		poll_net(x);
	do_send(x, x->entries,
		&(struct act){ .words = NULL }); /* what a first packet brings into being: a port, an identifier */
	for (u64 until = x->k->now + 4 * TICK_NS; x->k->now < until; x->k->now += TICK_NS)
		poll_net(x);
	do_neigh(x, x->entries, &(struct act){ .type = RTM_DELNEIGH });
	poll_net(x);
}
