// SPDX-License-Identifier: BSD-2-Clause
/* Life of a network device: made, registered, found, unregistered in phases, freed.
 *
 * @linux net/core/dev.c: alloc_netdev_mqs register_netdevice unregister_netdevice
 *
 * A device ends in phases: it is closed; it leaves the tables, so that nobody finds it; everybody is told, and gives
 * up references; what is queued is dropped; the driver lets go.  The memory, the driver's part included, goes after
 * the last reference and a grace period, so whoever is still inside a call of the device may finish it.
 */
#include <errno.h>
#include <stdio.h>

#include "dev/dev_internal.h"
#include "sched/sch_generic.h"

#define DEV_NAME_NUMBERS_MAX 32768U

static u64 index_hash(const struct dev_net *dn, int ifindex)
{
	return htable_hash_bytes(&dn->by_index, &ifindex, sizeof(ifindex));
}

static u64 name_hash(const struct dev_net *dn, const char *name)
{
	return htable_hash_bytes(&dn->by_name, name, strlen(name));
}

static bool index_match(const void *obj, const void *key)
{
	return ((const struct net_device *)obj)->ifindex == *(const int *)key;
}

static bool name_match(const void *obj, const void *key)
{
	return !strcmp(((const struct net_device *)obj)->name, key);
}

struct net_device *dev_find_by_index(struct net *net, int ifindex)
{
	struct dev_net *dn = net->dev;

	return htable_lookup(&dn->by_index, index_hash(dn, ifindex), index_match, &ifindex);
}

struct net_device *dev_find_by_name(struct net *net, const char *name)
{
	struct dev_net *dn = net->dev;

	return htable_lookup(&dn->by_name, name_hash(dn, name), name_match, name);
}

struct list_head *netdev_list(struct net *net)
{
	return &net->dev->dev_list;
}

u32 netdev_genid(const struct net *net)
{
	return net->dev->genid;
}

/* ---- names */

bool dev_valid_name(const char *name)
{
	if (!*name || strnlen(name, IFNAMSIZ) == IFNAMSIZ)
		return false;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || *name == ' ' || (*name >= '\t' && *name <= '\r'))
			return false;
	}
	return true;
}

int dev_name_table_add(struct net_device *dev, const char *name)
{
	struct dev_net *dn = dev->net->dev;

	return htable_insert(&dn->by_name, name_hash(dn, name), dev);
}

void dev_name_table_del(struct net_device *dev, const char *name)
{
	struct dev_net *dn = dev->net->dev;

	htable_remove(&dn->by_name, name_hash(dn, name), dev);
}

int dev_alloc_name(struct net *net, const char *pattern, char out[static IFNAMSIZ])
{
	const char *percent = strchr(pattern, '%');

	if (!dev_valid_name(pattern) || !percent || percent[1] != 'd' || strchr(percent + 1, '%'))
		return -EINVAL;
	for (u32 n = 0; n < DEV_NAME_NUMBERS_MAX; n++) {
		int len = snprintf(out, IFNAMSIZ, "%.*s%u%s", (int)(percent - pattern), pattern, n, percent + 2);

		if (len >= IFNAMSIZ)
			return -EINVAL;
		if (!dev_find_by_name(net, out))
			return 0;
	}
	return -ENFILE;
}

static int dev_get_valid_name(struct net_device *dev)
{
	char name[IFNAMSIZ];
	int err;

	if (!dev_valid_name(dev->name))
		return -EINVAL;
	if (!strchr(dev->name, '%'))
		return dev_find_by_name(dev->net, dev->name) ? -EEXIST : 0;
	err = dev_alloc_name(dev->net, dev->name, name);
	if (!err)
		memcpy(dev->name, name, IFNAMSIZ);
	return err;
}

/* ---- memory */

struct net_device *alloc_netdev(struct net *net, u32 priv_bytes, const char *name, u32 tx_queues)
{
	size_t queues_offset = ALIGN_UP(sizeof(struct net_device), (size_t)64);
	size_t priv_offset, alloc_bytes;
	struct net_device *dev;

	if (!tx_queues)
		tx_queues = 1;
	priv_offset = ALIGN_UP(queues_offset + tx_queues * sizeof(struct netdev_queue), (size_t)64);
	alloc_bytes = priv_offset + priv_bytes;
	dev = mem_zalloc(net->mem, alloc_bytes);
	if (!dev)
		return NULL;
	dev->net = net;
	dev->alloc_bytes = alloc_bytes;
	dev->priv_bytes = priv_bytes;
	dev->priv = (u8 *)dev + priv_offset;
	dev->_tx = (struct netdev_queue *)(void *)((u8 *)dev + queues_offset);
	dev->num_tx_queues = tx_queues;
	dev->features = NETIF_F_GSO;
	dev->gso_max_size_bytes = GSO_MAX_SIZE_BYTES;
	dev->gso_max_segs = GSO_MAX_SEGS;
	for (u32 i = 0; i < tx_queues; i++)
		dev->_tx[i].dev = dev;
	if (strnlen(name, IFNAMSIZ) < IFNAMSIZ) /* else it stays empty, which register_netdev() refuses */
		memcpy(dev->name, name, strlen(name));
	dev->refcnt = 1;
	INIT_LIST_HEAD(&dev->neigh_list[0]);
	INIT_LIST_HEAD(&dev->neigh_list[1]);
	INIT_LIST_HEAD(&dev->dev_list);
	INIT_LIST_HEAD(&dev->napi_list);
	INIT_LIST_HEAD(&dev->mc_list);
	net->dev->live_count++;
	return dev;
}

static void netdev_free_rcu(struct rcu_head *head)
{
	struct net_device *dev = container_of(head, struct net_device, rcu);
	struct net *net = dev->net;

	dev_free_scheduler(dev);
	net->dev->live_count--;
	mem_free(net->mem, dev, dev->alloc_bytes);
}

void dev_put(struct net_device *dev)
{
	assert(dev->refcnt > 0);
	if (--dev->refcnt)
		return;
	assert(!(dev->state & __LINK_STATE_REGISTERED));
	rcu_defer_free(&dev->net->rcu, &dev->rcu, netdev_free_rcu);
}

void free_netdev(struct net_device *dev)
{
	assert(!(dev->state & __LINK_STATE_REGISTERED));
	dev_put(dev);
}

/* ---- registration */

static int dev_new_index(struct net *net)
{
	struct dev_net *dn = net->dev;

	do {
		dn->last_ifindex = dn->last_ifindex == INT32_MAX ? 1 : dn->last_ifindex + 1;
	} while (dev_find_by_index(net, dn->last_ifindex));
	return dn->last_ifindex;
}

/** list_netdevice() - into the tables; Return: 0, -ENOMEM */
static int list_netdevice(struct net_device *dev)
{
	struct dev_net *dn = dev->net->dev;
	struct list_head *pos;
	int err;

	err = dev_name_table_add(dev, dev->name);
	if (err)
		return err;
	err = htable_insert(&dn->by_index, index_hash(dn, dev->ifindex), dev);
	if (err) {
		dev_name_table_del(dev, dev->name);
		return err;
	}
	for (pos = dn->dev_list.prev; pos != &dn->dev_list; pos = pos->prev) {
		if (list_entry(pos, struct net_device, dev_list)->ifindex < dev->ifindex)
			break;
	}
	list_add(&dev->dev_list, pos);
	dev->state |= __LINK_STATE_REGISTERED;
	return 0;
}

static void unlist_netdevice(struct net_device *dev)
{
	struct dev_net *dn = dev->net->dev;

	list_del_init(&dev->dev_list);
	htable_remove(&dn->by_index, index_hash(dn, dev->ifindex), dev);
	dev_name_table_del(dev, dev->name);
	dev->state &= ~(u32)__LINK_STATE_REGISTERED;
	dn->genid++;
}

int register_netdev(struct net_device *dev)
{
	const struct net_device_ops *ops = dev->netdev_ops;
	int err;

	err = dev_get_valid_name(dev);
	if (err)
		return err;
	if (!dev->tx_queue_len) {
		dev->priv_flags |= IFF_NO_QUEUE;
		dev->tx_queue_len = DEFAULT_TX_QUEUE_LEN;
	}
	err = dev_init_scheduler(dev);
	if (err)
		return err;
	err = ops->ndo_init ? ops->ndo_init(dev) : 0;
	if (err)
		return err;
	dev->ifindex = dev_new_index(dev->net);
	err = list_netdevice(dev);
	if (err)
		goto err_uninit;
	dev->operstate = netif_carrier_ok(dev) ? IF_OPER_UNKNOWN : IF_OPER_DOWN;
	err = call_netdevice_notifiers(NETDEV_REGISTER, dev, 0);
	if (err)
		goto err_unlist;
	return 0;

err_unlist:
	unlist_netdevice(dev);
	call_netdevice_notifiers(NETDEV_UNREGISTER, dev, 0);
err_uninit:
	if (ops->ndo_uninit)
		ops->ndo_uninit(dev);
	return err;
}

static void napi_del_all(struct net_device *dev)
{
	while (!list_empty(&dev->napi_list))
		netif_napi_del(list_first_entry(&dev->napi_list, struct napi_struct, dev_list));
}

void unregister_netdev(struct net_device *dev)
{
	if (dev->state & __LINK_STATE_UNREGISTERING)
		return;
	dev->state |= __LINK_STATE_UNREGISTERING;
	dev_close(dev);
	unlist_netdevice(dev);
	call_netdevice_notifiers(NETDEV_UNREGISTER, dev, 0);
	dev_shutdown(dev);
	netif_flush_backlog(dev);
	napi_del_all(dev);
	dev_mc_flush(dev);
	if (dev->netdev_ops->ndo_uninit)
		dev->netdev_ops->ndo_uninit(dev);
	dev_put(dev);
}

void unregister_netdev_all(struct net *net)
{
	struct dev_net *dn = net->dev;

	while (!list_empty(&dn->dev_list))
		unregister_netdev(list_entry(dn->dev_list.prev, struct net_device, dev_list));
}

/* ---- who is told */

int call_netdevice_notifiers(enum netdev_cmd cmd, struct net_device *dev, u32 flags_changed)
{
	struct netdev_notifier_info info = { .dev = dev, .flags_changed = flags_changed };

	dev->net->dev->genid++;
	return notifier_call_chain(&dev->net->dev->chain, cmd, &info);
}

static int tell_one(struct notifier_block *nb, enum netdev_cmd cmd, struct net_device *dev)
{
	struct netdev_notifier_info info = { .dev = dev };

	return nb->call(nb, cmd, &info);
}

static void tell_one_gone(struct notifier_block *nb, struct net_device *dev)
{
	if (dev->flags & IFF_UP) {
		tell_one(nb, NETDEV_GOING_DOWN, dev);
		tell_one(nb, NETDEV_DOWN, dev);
	}
	tell_one(nb, NETDEV_UNREGISTER, dev);
}

/* A newcomer hears of the devices that are there as if they came now; one that refuses is not registered. */
int register_netdevice_notifier(struct net *net, struct notifier_block *nb)
{
	struct list_head *head = netdev_list(net);
	struct net_device *dev;
	int err;

	notifier_chain_register(&net->dev->chain, nb);
	list_for_each_entry(dev, head, dev_list) {
		err = tell_one(nb, NETDEV_REGISTER, dev);
		if (err)
			goto err_told;
		if (dev->flags & IFF_UP)
			tell_one(nb, NETDEV_UP, dev);
	}
	return 0;

err_told:
	notifier_chain_unregister(&net->dev->chain, nb);
	for (struct list_head *pos = dev->dev_list.prev; pos != head; pos = pos->prev)
		tell_one_gone(nb, list_entry(pos, struct net_device, dev_list));
	return err;
}

void unregister_netdevice_notifier(struct net *net, struct notifier_block *nb)
{
	struct net_device *dev;

	notifier_chain_unregister(&net->dev->chain, nb);
	list_for_each_entry(dev, netdev_list(net), dev_list)
		tell_one_gone(nb, dev);
}

/* ---- of a net */

int dev_net_init(struct net *net)
{
	struct dev_net *dn = mem_zalloc(net->mem, sizeof(*dn));
	int err;

	if (!dn)
		return -ENOMEM;
	INIT_LIST_HEAD(&dn->dev_list);
	notifier_chain_init(&dn->chain);
	htable_init(&dn->by_index, net->mem, &net->rng, 8);
	htable_init(&dn->by_name, net->mem, &net->rng, 8);
	net->dev = dn;
	err = softnet_init(net);
	if (err) {
		net->dev = NULL;
		mem_free(net->mem, dn, sizeof(*dn));
		return err;
	}
	net->skb_pool->dst_ops = &dst_skb_ops;
	return 0;
}

/* After unregister_netdev_all(), when the other layers have given up what they held; nobody is inside the net. */
void dev_net_exit(struct net *net)
{
	struct dev_net *dn = net->dev;

	assert(list_empty(&dn->dev_list));
	while (net->rcu.pending_count) /* the end of one object may be the last reference of another */
		rcu_quiescent(&net->rcu);
	assert(dn->live_count == 0);
	softnet_exit(net);
	htable_fini(&dn->by_name);
	htable_fini(&dn->by_index);
	net->dev = NULL;
	mem_free(net->mem, dn, sizeof(*dn));
}
