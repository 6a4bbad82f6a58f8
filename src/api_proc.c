// SPDX-License-Identifier: BSD-2-Clause
/* The files of /proc/net and /proc/sys/net: what a net would show there.
 *
 * @linux net/core/net-procfs.c, net/ipv4/proc.c
 *
 * Reading order: files[]; nethood_proc_read(), nethood_proc_write(), nethood_proc_each().
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "api_internal.h"
#include "api_record.h"
#include "base/seq_file.h"
#include "base/sysctl.h"
#include "dev/net_procfs.h"
#include "ipv4/ipv4_proc.h"
#include "ipv4/netns_ipv4.h"
#include "dev/netdevice.h"
#include "ipv6/ipv6_proc.h"
#include "raw/raw_ipv6.h"
#include "udp/udp6.h"
#include "neigh/neigh_proc.h"
#include "raw/ping.h"
#include "raw/raw.h"
#include "socket/netns_sock.h"
#include "socket/sock_proc_ipv4.h"
#include "tcp/tcp_proc_ipv4.h"
#include "udp/udp.h"

#define SYSCTL_FILE_BYTES 256U
#define SYSCTL_WRITE_BYTES 512U
#define UDP_PAGE_BYTES 4096U

/* ------------------------------------------------------------------ files that are about several layers */

#define SOCK_HEADER \
	"sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"

static const struct sock_proc udp_file = { &udp_prot, "   " SOCK_HEADER "            \n", 5, 127 };
static const struct sock_proc ping_file = { &ping_prot, "  " SOCK_HEADER "             \n", 5, 127 };
static const struct sock_proc raw_file = { &raw_prot, "  " SOCK_HEADER "\n", 4, 0 };

static void udp_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &udp_file);
}

static void ping_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &ping_file);
}

static void raw_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &raw_file);
}

static void sockstat_show(struct seq_file *m, struct net *net)
{
	seq_printf(m, "sockets: used %u\n", net->sock->open_count);
	sockstat_seq_show_tcp(m, net);
	seq_printf(m, "UDP: inuse %u mem %llu\n", sock_prot_inuse_count(net, &udp_prot),
		   (unsigned long long)((net->udp->mem_bytes + UDP_PAGE_BYTES - 1) / UDP_PAGE_BYTES));
	seq_puts(m, "UDPLITE: inuse 0\n");
	seq_printf(m, "RAW: inuse %u\n", sock_prot_inuse_count(net, &raw_prot));
	sockstat_seq_show_frag(m, net);
}

static void snmp_show(struct seq_file *m, struct net *net)
{
	const struct udp_mib *mib = &net->udp->mib;
	static const char names[] = "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
				    "IgnoredMulti MemErrors";

	snmp_seq_show_ipstats(m, net);
	snmp_seq_show_tcp(m, net);
	seq_printf(m, "Udp: %s\nUdp: %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", names,
		   (unsigned long long)mib->in_datagrams, (unsigned long long)mib->no_ports,
		   (unsigned long long)mib->in_errors, (unsigned long long)mib->out_datagrams,
		   (unsigned long long)mib->rcvbuf_errors, (unsigned long long)mib->sndbuf_errors,
		   (unsigned long long)mib->in_csum_errors, (unsigned long long)mib->ignored_multi,
		   (unsigned long long)mib->mem_errors);
}

static void netstat_show(struct seq_file *m, struct net *net)
{
	netstat_seq_show_tcp(m, net, net->ipv4->stats.arp_filter,
			     net->skb_pool->stats.dropped[SKB_DROP_REASON_IP_RPFILTER]);
	netstat_seq_show_ipext(m, net);
}

static void arp_stat_show(struct seq_file *m, struct net *net)
{
	neigh_stat_seq_show(m, net->ipv4->arp);
}

#define SOCK6_HEADER \
	"  sl  local_address                         remote_address                        " \
	"st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"

static const struct sock_proc udp6_file = { &udpv6_prot, SOCK6_HEADER, 5, 0 };
static const struct sock_proc ping6_file = { &pingv6_prot, SOCK6_HEADER, 5, 0 };
static const struct sock_proc raw6_file = { &rawv6_prot, SOCK6_HEADER, 5, 0 };

static void udp6_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &udp6_file);
}

static void ping6_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &ping6_file);
}

static void raw6_show(struct seq_file *m, struct net *net)
{
	sock_seq_show(m, net, &raw6_file);
}

static void sockstat6_show(struct seq_file *m, struct net *net)
{
	seq_printf(m, "TCP6: inuse %u\n", tcp6_inuse_count(net));
	seq_printf(m, "UDP6: inuse %u\n", sock_prot_inuse_count(net, &udpv6_prot));
	seq_puts(m, "UDPLITE6: inuse 0\n");
	seq_printf(m, "RAW6: inuse %u\n", sock_prot_inuse_count(net, &rawv6_prot));
	sockstat6_seq_show_frag(m, net);
}

static void snmp6_show(struct seq_file *m, struct net *net)
{
	const struct udp_mib *mib = &net->udp->mib6;

	snmp6_seq_show_ip(m, net);
	snmp6_line(m, "Udp6InDatagrams", mib->in_datagrams);
	snmp6_line(m, "Udp6NoPorts", mib->no_ports);
	snmp6_line(m, "Udp6InErrors", mib->in_errors);
	snmp6_line(m, "Udp6OutDatagrams", mib->out_datagrams);
	snmp6_line(m, "Udp6RcvbufErrors", mib->rcvbuf_errors);
	snmp6_line(m, "Udp6SndbufErrors", mib->sndbuf_errors);
	snmp6_line(m, "Udp6InCsumErrors", mib->in_csum_errors);
	snmp6_line(m, "Udp6IgnoredMulti", mib->ignored_multi);
	snmp6_line(m, "Udp6MemErrors", mib->mem_errors);
}

/* A file of net/dev_snmp6, which has one for each device that has IPv6; NULL: none. */
static const struct net_device *dev_snmp6_find(struct net *net, const char *path)
{
	static const char dir[] = "net/dev_snmp6/";
	const struct net_device *dev = NULL;

	if (!strncmp(path, dir, sizeof(dir) - 1))
		dev = dev_find_by_name(net, path + sizeof(dir) - 1);
	return dev && dev->ip6_ptr ? dev : NULL;
}

static int dev_snmp6_each(struct net *net, const char *path, int (*fn)(void *ctx, const char *name, uint32_t mode),
			  void *ctx)
{
	const struct net_device *dev;
	int ret = 0;

	if (strcmp(path, "net/dev_snmp6") != 0)
		return 0;
	for_each_netdev(net, dev) {
		if (dev->ip6_ptr && !ret)
			ret = fn(ctx, dev->name, S_IFREG | 0444);
	}
	return ret;
}

static void dev_snmp6_show(struct seq_file *m, const struct net_device *dev)
{
	snmp6_dev_seq_show(m, dev);
}

static void ndisc_stat_show(struct seq_file *m, struct net *net)
{
	neigh_stat_seq_show(m, net->neigh->table[NEIGH_ND_TABLE]);
}

/* tc(8) reckons with it: ticks of 64 ns, a clock that counts in nanoseconds. */
static void psched_show(struct seq_file *m, struct net *net)
{
	(void)net;
	seq_printf(m, "%08x %08x %08x %08x\n", 1000U, 64U, 1000000U, 1000000000U);
}

/* ------------------------------------------------------------------ the tree */

static const struct proc_file {
	const char *path;
	void (*show)(struct seq_file *m, struct net *net); /**< NULL: a directory */
} files[] = {
	{ "net", NULL },
	{ "net/anycast6", ac6_seq_show },
	{ "net/arp", arp_seq_show },
	{ "net/dev", dev_seq_show },
	{ "net/dev_mcast", dev_mc_seq_show },
	{ "net/dev_snmp6", NULL },
	{ "net/icmp", ping_show },
	{ "net/icmp6", ping6_show },
	{ "net/if_inet6", if6_seq_show },
	{ "net/igmp", igmp_mc_seq_show },
	{ "net/igmp6", igmp6_mc_seq_show },
	{ "net/ip6_flowlabel", ip6fl_seq_show },
	{ "net/ipv6_route", ipv6_route_seq_show },
	{ "net/mcfilter6", igmp6_mcf_seq_show },
	{ "net/netstat", netstat_show },
	{ "net/psched", psched_show },
	{ "net/raw", raw_show },
	{ "net/raw6", raw6_show },
	{ "net/route", fib_route_seq_show },
	{ "net/rt6_stats", rt6_stats_seq_show },
	{ "net/snmp", snmp_show },
	{ "net/snmp6", snmp6_show },
	{ "net/sockstat", sockstat_show },
	{ "net/sockstat6", sockstat6_show },
	{ "net/stat", NULL },
	{ "net/stat/arp_cache", arp_stat_show },
	{ "net/stat/ndisc_cache", ndisc_stat_show },
	{ "net/tcp", tcp4_seq_show },
	{ "net/tcp6", tcp6_seq_show },
	{ "net/udp", udp_show },
	{ "net/udp6", udp6_show },
	{ "sys", NULL },
};

static const struct proc_file *file_find(const char *path)
{
	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		if (!strcmp(files[i].path, path))
			return &files[i];
	}
	return NULL;
}

/* The path below /proc/sys; NULL: it is elsewhere. */
static const char *sysctl_path(const char *path)
{
	return strncmp(path, "sys/", 4) == 0 && path[4] ? path + 4 : NULL;
}

static uint32_t sysctl_mode(const struct ctl_table *e)
{
	bool readable = e->get || e->type != SYSCTL_FN;
	bool writable = !e->read_only && (e->set || e->type != SYSCTL_FN);

	return S_IFREG | (writable ? S_IWUSR : 0U) | (readable ? S_IRUSR | S_IRGRP | S_IROTH : 0U);
}

static int first_is_enough(void *ctx, const char *name, const struct ctl_table *e)
{
	(void)ctx;
	(void)name;
	(void)e;
	return 1;
}

int nethood_proc_mode(struct nethood_net *nn, const char *path, uint32_t *mode)
{
	const struct proc_file *f = file_find(path);
	const char *sysctl = sysctl_path(path);
	const struct ctl_table *e;

	if (dev_snmp6_find(&nn->net, path)) {
		*mode = S_IFREG | S_IRUSR | S_IRGRP | S_IROTH;
		return 0;
	}
	if (!f && !sysctl)
		return -ENOENT;
	if (sysctl && sysctl_file_find(&nn->net.sysctl, sysctl, &e))
		*mode = sysctl_mode(e);
	else if (sysctl && sysctl_file_each(&nn->net.sysctl, sysctl, first_is_enough, NULL) != 1)
		return -ENOENT;
	else
		*mode = f && f->show ? S_IFREG | S_IRUSR | S_IRGRP | S_IROTH
				     : S_IFDIR | S_IRUSR | S_IXUSR | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;
	return 0;
}

/* ------------------------------------------------------------------ reading */

static int sysctl_read(struct nethood_net *nn, const char *path, int (*fn)(void *, const char *, size_t), void *ctx)
{
	char value[SYSCTL_FILE_BYTES];
	const struct ctl_table *e;
	const struct ctl_dir *dir = sysctl_file_find(&nn->net.sysctl, path, &e);
	int len;

	if (!dir)
		return sysctl_file_each(&nn->net.sysctl, path, first_is_enough, NULL) == 1 ? -EISDIR : -ENOENT;
	if (!(sysctl_mode(e) & S_IRUSR))
		return -EACCES;
	len = sysctl_entry_get(dir, e, value, sizeof(value) - 1);
	if (len < 0)
		return len;
	value[len++] = '\n';
	return fn(ctx, value, (size_t)len);
}

int nethood_proc_read(struct nethood_net *nn, const char *path,
		      int (*fn)(void *ctx, const char *text, size_t len_bytes), void *ctx)
{
	const struct proc_file *f = file_find(path);
	const char *sysctl = sysctl_path(path);
	const struct net_device *dev = dev_snmp6_find(&nn->net, path);
	struct seq_file m;

	if (sysctl)
		return sysctl_read(nn, sysctl, fn, ctx);
	if (dev) {
		seq_begin(&m, fn, ctx);
		dev_snmp6_show(&m, dev);
		return seq_end(&m);
	}
	if (!f)
		return -ENOENT;
	if (!f->show)
		return -EISDIR;
	seq_begin(&m, fn, ctx);
	f->show(&m, &nn->net);
	return seq_end(&m);
}

/* ------------------------------------------------------------------ writing */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int proc_write(struct nethood_net *nn, const char *path, const char *text, size_t len_bytes)
{
	const char *sysctl = sysctl_path(path);
	char value[SYSCTL_WRITE_BYTES];
	const struct ctl_table *e;
	struct ctl_dir *dir = sysctl ? sysctl_file_find(&nn->net.sysctl, sysctl, &e) : NULL;
	bool given = len_bytes;
	uint32_t mode;
	int err;

	if (!dir)
		return nethood_proc_mode(nn, path, &mode) ? -ENOENT : S_ISDIR(mode) ? -EISDIR : -EACCES;
	if (!(sysctl_mode(e) & S_IWUSR))
		return -EACCES;
	for (; len_bytes && is_blank(*text); len_bytes--)
		text++;
	while (len_bytes && is_blank(text[len_bytes - 1]))
		len_bytes--;
	if (!len_bytes && !(e->takes_empty && given))
		return 0;
	if (len_bytes >= sizeof(value) || memchr(text, '\0', len_bytes))
		return -EINVAL;
	memcpy(value, text, len_bytes);
	value[len_bytes] = '\0';
	if (!e->set) /* of several numbers the first counts */
		value[strcspn(value, " \t\n")] = '\0';
	err = sysctl_entry_set(dir, e, value);
	if (unlikely(nn->net.worker && !err))
		nn->net.worker->ops->sysctl_written(nn->net.worker, true, path, value);
	return err;
}

int nethood_proc_write(struct nethood_net *nn, const char *path, const char *text, size_t len_bytes)
{
	if (unlikely(nn->net.rec))
		rec_note_zb(nn->net.rec, REC_PROC_WRITE, path, text, min_size(len_bytes, 65536));
	return rec_ret(&nn->net, proc_write(nn, path, text, len_bytes));
}

/* ------------------------------------------------------------------ directories */

struct proc_each {
	int (*fn)(void *ctx, const char *name, uint32_t mode);
	void *ctx;
};

static int tell_sysctl(void *ctx, const char *name, const struct ctl_table *e)
{
	const struct proc_each *each = ctx;

	return each->fn(each->ctx, name, e ? sysctl_mode(e) : S_IFDIR | 0555);
}

static int files_each(const struct proc_each *each, const char *path)
{
	size_t len = strlen(path);
	int ret = 0;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !ret; i++) {
		const char *name = files[i].path;

		if (len && (strncmp(name, path, len) != 0 || name[len] != '/'))
			continue;
		name += len ? len + 1 : 0;
		if (!strchr(name, '/'))
			ret = each->fn(each->ctx, name, files[i].show ? S_IFREG | 0444 : S_IFDIR | 0555);
	}
	return ret;
}

int nethood_proc_each(struct nethood_net *nn, const char *path, int (*fn)(void *ctx, const char *name, uint32_t mode),
		      void *ctx)
{
	struct proc_each each = { fn, ctx };
	const struct proc_file *f = file_find(path);
	const char *sysctl = !strcmp(path, "sys") ? "" : sysctl_path(path);
	int ret = dev_snmp6_each(&nn->net, path, fn, ctx);

	if (ret)
		return ret;
	if (sysctl)
		return sysctl_file_each(&nn->net.sysctl, sysctl, tell_sysctl, &each);
	if (*path && !f)
		return -ENOENT;
	if (f && f->show)
		return -ENOTDIR;
	return files_each(&each, path);
}
