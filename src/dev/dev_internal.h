/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of dev/ share: a net's devices and who wants their frames. */
#ifndef NETHOOD_DEV_DEV_INTERNAL_H
#define NETHOOD_DEV_DEV_INTERNAL_H

#include "base/htable.h"
#include "dev/gro.h"
#include "dev/lwtunnel.h"
#include "dev/netdevice.h"
#include "dev/softirq.h"

/** struct gro_protocol - which packets dev/gro.c looks at */
struct gro_protocol {
	__be16 type;
	u8 offset, protocol;
};

/** struct dev_net - per net; net->dev */
struct dev_net {
	/* read for each packet */
	u32 tap_count;
	u32 ptype_count;
	__be16 ptype_key[MAX_PACKET_TYPES]; /**< types of ptype[], close together */
	struct packet_type ptype[MAX_PACKET_TYPES];
	struct packet_type tap[MAX_PACKET_TYPES];
	u32 gro_count;
	struct gro_protocol gro[MAX_GRO_PROTOCOLS];
	const struct packet_offload *offload[MAX_PACKET_OFFLOADS]; /**< packed; the rest is NULL */

	struct list_head dev_list; /**< by ifindex */
	struct htable by_index, by_name;
	struct notifier_chain chain;
	const struct lwtunnel_encap_ops *lwtunnel_ops[LWTUNNEL_ENCAP_MAX + 1]; /**< by type */
	u32 genid;
	int last_ifindex;
	u32 live_count; /**< devices allocated and not yet freed */
};

int call_netdevice_notifiers(enum netdev_cmd cmd, struct net_device *dev, u32 flags_changed);
/** dev_valid_name() - @linux dev_valid_name; a %d is checked elsewhere */
bool dev_valid_name(const char *name);
/** dev_name_table_add() - Return: 0, -ENOMEM */
int dev_name_table_add(struct net_device *dev, const char *name);
void dev_name_table_del(struct net_device *dev, const char *name);
/** dev_alloc_name() - @out: @pattern with its %d replaced by the first free number; Return: 0, -EINVAL, -ENFILE */
int dev_alloc_name(struct net *net, const char *pattern, char out[static IFNAMSIZ]);

extern const struct skb_dst_ops dst_skb_ops; /* how an skb holds its route */
/** offload_find() - who knows trains of this ethertype; NULL: nobody */
static inline const struct packet_offload *offload_find(const struct dev_net *dn, __be16 type)
{
	for (u32 i = 0; i < MAX_PACKET_OFFLOADS && dn->offload[i]; i++) {
		if (dn->offload[i]->type == type)
			return dn->offload[i];
	}
	return NULL;
}
/** softnet_schedule_backlog() - the input backlog has something: poll it */
void softnet_schedule_backlog(struct softnet_data *sd);

#endif
