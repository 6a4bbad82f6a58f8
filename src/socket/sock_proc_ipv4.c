// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/udp, /proc/net/raw and /proc/net/icmp, as netstat(8) and ss(8) read them.
 *
 * @linux udp4_seq_show, raw_sock_seq_show, ping_v4_seq_show
 *
 * Only what is bound is shown, by address and port (raw: protocol).  A socket has no inode: its number is its cookie.  The
 * pointer is what the kernel shows to who may not see pointers.
 */
#include "socket/sock_proc_ipv4.h"

#include "base/byteorder.h"
#include "socket/inet_sock.h"
#include "socket/netns_sock.h"

static bool shown(const struct sock *sk, const struct proto *prot)
{
	return sk->prot == prot && inet_sk(sk)->num;
}

static void row(struct seq_file *m, const struct sock *sk, const struct sock_proc *file, u32 slot)
{
	const struct inet_sock *inet = inet_sk(sk);

	seq_setwidth(m, file->row_width);
	seq_printf(m, "%*u: %08X:%04X %08X:%04X %02X ", (int)file->slot_width, slot, (__force u32)inet->rcv_saddr,
		   inet->num, (__force u32)inet->daddr, be16_to_cpu(inet->dport), sk->state);
	seq_printf(m, "%08X:%08X %02X:%08X %08X %5u %8d %llu %u %016X %llu", sk->wmem_alloc_bytes, sk->rmem_alloc_bytes,
		   0U, 0U, 0U, sk->portid_uid, 0, (unsigned long long)sk->cookie, sk->refcnt + 1 /* the table's */, 0U,
		   (unsigned long long)sk->drops);
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
