// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/udp, /proc/net/raw and /proc/net/icmp, and those of IPv6, as netstat(8) and ss(8) read them.
 *
 * @linux udp4_seq_show, raw_sock_seq_show, ping_v4_seq_show, ip6_dgram_sock_seq_show
 *
 * Only what is bound is shown, by address and port (raw: protocol).  A socket has no inode: its number is its cookie.  The
 * pointer is what the kernel shows to who may not see pointers.
 */
#include "socket/sock_proc_ipv4.h"

#include <string.h>

#include "base/byteorder.h"
#include "socket/inet6_sock.h"
#include "socket/inet_sock.h"
#include "socket/netns_sock.h"

static bool shown(const struct sock *sk, const struct proto *prot)
{
	return sk->prot == prot && inet_sk(sk)->num;
}

static void put_addr6(struct seq_file *m, const struct in6_addr *addr, u16 port)
{
	u32 w[4];

	memcpy(w, addr, sizeof(w));
	seq_printf(m, "%08X%08X%08X%08X:%04X ", w[0], w[1], w[2], w[3], port);
}

static void row(struct seq_file *m, const struct sock *sk, const struct sock_proc *file, u32 slot)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet->pinet6;

	seq_setwidth(m, file->row_width);
	seq_printf(m, "%*u: ", (int)file->slot_width, slot);
	if (np) {
		put_addr6(m, &np->rcv_saddr, inet->num);
		put_addr6(m, &np->daddr, be16_to_cpu(inet->dport));
	} else {
		seq_printf(m, "%08X:%04X %08X:%04X ", (__force u32)inet->rcv_saddr, inet->num, (__force u32)inet->daddr,
			   be16_to_cpu(inet->dport));
	}
	seq_printf(m, "%02X %08X:%08X %02X:%08X %08X %5u %8d %llu %u %016X %llu", sk->state, sk->wmem_alloc_bytes,
		   sk->rmem_alloc_bytes, 0U, 0U, 0U, sk->portid_uid, 0, (unsigned long long)sk->cookie,
		   sk->refcnt + 1 /* the table's */, 0U, (unsigned long long)sk->drops);
	seq_pad(m);
}

void sock_seq_show(struct seq_file *m, struct net *net, const struct sock_proc *file)
{
	const struct sock *sk;
	u32 slot = 0;

	seq_puts(m, file->header);
	list_for_each_entry(sk, &net->sock->sockets, net_node) {
		if (m->err)
			return;
		if (shown(sk, file->prot))
			row(m, sk, file, slot++);
	}
}

u32 sock_prot_inuse_count(const struct net *net, const struct proto *prot)
{
	const struct sock *sk;
	u32 count = 0;

	list_for_each_entry(sk, &net->sock->sockets, net_node)
		count += shown(sk, prot);
	return count;
}
