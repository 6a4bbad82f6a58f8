// SPDX-License-Identifier: BSD-2-Clause
/* Classic BPF: checked once, then interpreted.
 *
 * @linux Documentation/networking/filter.rst; SO_ATTACH_FILTER in socket(7)
 *
 * Reading order: bpf_check_classic(), bpf_run().
 * A program that passed the check ends, reads no memory word that it did not write, and reads packets only
 * through load(), which knows their bounds.
 */
#include "socket/filter.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/byteorder.h"
#include "net.h"
#include "socket/netns_sock.h"

/* ------------------------------------------------------------------ check */

/* Instructions that exist; jumps, loads at offsets, and what has a bound on k are looked at again. */
static bool insn_known(u16 code)
{
	switch (code) {
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_K:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_MOD | BPF_K:
	case BPF_ALU | BPF_MOD | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
		return true;
	default:
		return false;
	}
}

static bool ancillary_known(u32 k)
{
	u32 ad = k - (u32)SKF_AD_OFF;

	return ad % 4 == 0 && ad < SKF_AD_MAX;
}

static bool insn_bounds_ok(const struct sock_filter *f, u32 pc, u32 len)
{
	switch (f->code) {
	case BPF_ALU | BPF_DIV | BPF_K:
	case BPF_ALU | BPF_MOD | BPF_K:
		return f->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return f->k < 32;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return f->k < BPF_MEMWORDS;
	case BPF_JMP | BPF_JA:
		return f->k < len - pc - 1;
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
		return f->k < (u32)SKF_AD_OFF || ancillary_known(f->k);
	default:
		if (BPF_CLASS(f->code) == BPF_JMP)
			return pc + f->jt + 1 < len && pc + f->jf + 1 < len;
		return true;
	}
}

/*
 * No memory word is read before it was written, on any way.  Jumps only go forward, so one pass is enough:
 * written[] at a target is what all the ways that lead there have in common.
 */
static bool memory_reads_ok(const struct sock_filter *insns, u32 len, u16 *written_at)
{
	u16 written = 0;

	memset(written_at, 0xff, len * sizeof(*written_at));
	for (u32 pc = 0; pc < len; pc++) {
		const struct sock_filter *f = &insns[pc];

		written &= written_at[pc];
		switch (f->code) {
		case BPF_ST:
		case BPF_STX:
			written |= (u16)(1U << f->k);
			break;
		case BPF_LD | BPF_MEM:
		case BPF_LDX | BPF_MEM:
			if (!(written & (1U << f->k)))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			written_at[pc + 1 + f->k] &= written;
			written = 0xffff;
			break;
		default:
			if (BPF_CLASS(f->code) == BPF_JMP) {
				written_at[pc + 1 + f->jt] &= written;
				written_at[pc + 1 + f->jf] &= written;
				written = 0xffff;
			}
		}
	}
	return true;
}

int bpf_check_classic(const struct sock_filter *insns, u32 len)
{
	u16 written_at[BPF_MAXINSNS];

	if (!len || len > BPF_MAXINSNS)
		return -EINVAL;
	for (u32 pc = 0; pc < len; pc++) {
		if (!insn_known(insns[pc].code) || !insn_bounds_ok(&insns[pc], pc, len))
			return -EINVAL;
	}
	if (BPF_CLASS(insns[len - 1].code) != BPF_RET)
		return -EINVAL;
	return memory_reads_ok(insns, len, written_at) ? 0 : -EINVAL;
}

/* ------------------------------------------------------------------ run */

/* bpf_vm - registers, and the packet as the program may see it */
struct bpf_vm {
	struct net *net;
	const struct sk_buff *skb;
	u32 a, x;
	u32 mem[BPF_MEMWORDS];
};

/* Offsets below SKF_NET_OFF count from the link-layer header, those up to zero from the network header. */
static bool load_bytes(const struct sk_buff *skb, s32 k, void *to, u32 size_bytes)
{
	s64 at = k;

	if (k < 0) {
		u16 header;

		if (k >= SKF_NET_OFF) {
			header = skb->network_header;
			at -= SKF_NET_OFF;
		} else if (k >= SKF_LL_OFF) {
			header = skb->mac_header;
			at -= SKF_LL_OFF;
		} else {
			return false;
		}
		if (header == SKB_HEADER_UNSET)
			return false;
		/* header bytes lie before data, in the linear part */
		at += (s64)header - (s64)skb_headroom(skb);
		if (at < 0) {
			s64 from_head = at + (s64)skb_headroom(skb);

			if (from_head < 0 || from_head + size_bytes > skb->tail)
				return false;
			memcpy(to, skb->head + from_head, size_bytes);
			return true;
		}
	}
	if (likely(at + size_bytes <= skb_headlen(skb))) {
		memcpy(to, skb->data + at, size_bytes);
		return true;
	}
	return at + size_bytes <= skb->len && skb_copy_bits(skb, (u32)at, to, size_bytes) == 0;
}

static bool load(const struct sk_buff *skb, s32 k, u32 size, u32 *value)
{
	u8 b[4];

	switch (size) {
	case BPF_W:
		if (!load_bytes(skb, k, b, 4))
			return false;
		*value = be32_to_cpu(get_unaligned_be32(b));
		return true;
	case BPF_H:
		if (!load_bytes(skb, k, b, 2))
			return false;
		*value = be16_to_cpu(get_unaligned_be16(b));
		return true;
	default:
		if (!load_bytes(skb, k, b, 1))
			return false;
		*value = b[0];
		return true;
	}
}

/* Offset of the attribute of type @type among those in [@from, @end), 0: none. */
static u32 nla_find_offset(const struct sk_buff *skb, u32 from, u32 end, u32 type)
{
	struct nlattr nla;

	while (from <= end && end - from >= sizeof(nla)) {
		if (skb_copy_bits(skb, from, &nla, sizeof(nla)) || nla.nla_len < sizeof(nla) ||
		    nla.nla_len > end - from)
			return 0;
		if ((nla.nla_type & NLA_TYPE_MASK) == type)
			return from;
		from += ((u32)nla.nla_len + NLA_ALIGNTO - 1U) & ~(NLA_ALIGNTO - 1U);
	}
	return 0;
}

static u32 load_nlattr(const struct bpf_vm *vm, bool nested)
{
	struct nlattr nla;

	if (vm->skb->len < sizeof(nla) || vm->a > vm->skb->len - sizeof(nla))
		return 0;
	if (!nested)
		return nla_find_offset(vm->skb, vm->a, vm->skb->len, vm->x);
	if (skb_copy_bits(vm->skb, vm->a, &nla, sizeof(nla)) || nla.nla_len < sizeof(nla) ||
	    nla.nla_len > vm->skb->len - vm->a)
		return 0;
	return nla_find_offset(vm->skb, vm->a + (u32)sizeof(nla), vm->a + nla.nla_len, vm->x);
}

/* Where the payload begins, counted from data: past IPv4 and a transport header that is known. */
static u32 payload_offset(const struct sk_buff *skb)
{
	u8 ip[20], doff;
	u32 at;

	if (skb->network_header == SKB_HEADER_UNSET || !load_bytes(skb, SKF_NET_OFF, ip, sizeof(ip)) || ip[0] >> 4 != 4)
		return 0;
	at = (ip[0] & 0xfU) * 4U;
	switch (ip[9]) {
	case 6: /* TCP: its data offset */
		if (!load_bytes(skb, SKF_NET_OFF + (s32)at + 12, &doff, 1))
			return 0;
		at += (doff >> 4) * 4U;
		break;
	case 1:  /* ICMP */
	case 2:  /* IGMP */
	case 17: /* UDP */
	case 136:
		at += 8;
		break;
	case 33: /* DCCP */
		at += 12;
		break;
	case 132: /* SCTP */
		at += 12;
		break;
	default:
		break;
	}
	return at + skb_network_offset(skb);
}

static bool load_ancillary(struct bpf_vm *vm, u32 k)
{
	const struct sk_buff *skb = vm->skb;

	switch ((s32)(k - (u32)SKF_AD_OFF)) {
	case SKF_AD_PROTOCOL:
		vm->a = be16_to_cpu(skb->protocol);
		return true;
	case SKF_AD_PKTTYPE:
		vm->a = skb->pkt_type;
		return true;
	case SKF_AD_IFINDEX:
		vm->a = (u32)skb->skb_iif;
		return skb->dev;
	case SKF_AD_HATYPE:
		if (!skb->dev || !vm->net->sock->dev_ops)
			return false;
		vm->a = vm->net->sock->dev_ops->hatype(skb->dev);
		return true;
	case SKF_AD_NLATTR:
		vm->a = load_nlattr(vm, false);
		return true;
	case SKF_AD_NLATTR_NEST:
		vm->a = load_nlattr(vm, true);
		return true;
	case SKF_AD_MARK:
		vm->a = skb->mark;
		return true;
	case SKF_AD_QUEUE:
		vm->a = skb->queue_mapping;
		return true;
	case SKF_AD_RXHASH:
		vm->a = skb->hash;
		return true;
	case SKF_AD_ALU_XOR_X:
		vm->a ^= vm->x;
		return true;
	case SKF_AD_PAY_OFFSET:
		vm->a = payload_offset(skb);
		return true;
	case SKF_AD_RANDOM:
		vm->a = get_random_u32(&vm->net->rng);
		return true;
	default: /* CPU, VLAN_*: one worker is CPU 0; no tag is kept beside the packet */
		vm->a = 0;
		return true;
	}
}

static bool run_load(struct bpf_vm *vm, const struct sock_filter *f)
{
	u8 b;

	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
		if (f->k >= (u32)SKF_AD_OFF)
			return load_ancillary(vm, f->k);
		return load(vm->skb, (s32)f->k, BPF_SIZE(f->code), &vm->a);
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
		return load(vm->skb, (s32)(vm->x + f->k), BPF_SIZE(f->code), &vm->a);
	case BPF_LD | BPF_W | BPF_LEN:
		vm->a = vm->skb->len;
		return true;
	case BPF_LDX | BPF_W | BPF_LEN:
		vm->x = vm->skb->len;
		return true;
	case BPF_LDX | BPF_B | BPF_MSH:
		if (!load_bytes(vm->skb, (s32)f->k, &b, 1))
			return false;
		vm->x = (b & 0xfU) * 4U;
		return true;
	case BPF_LD | BPF_IMM:
		vm->a = f->k;
		return true;
	case BPF_LDX | BPF_IMM:
		vm->x = f->k;
		return true;
	case BPF_LD | BPF_MEM:
		vm->a = vm->mem[f->k];
		return true;
	default: /* BPF_LDX | BPF_MEM */
		vm->x = vm->mem[f->k];
		return true;
	}
}

static bool run_alu(struct bpf_vm *vm, const struct sock_filter *f)
{
	u32 v = BPF_SRC(f->code) == BPF_X ? vm->x : f->k;

	switch (BPF_OP(f->code)) {
	case BPF_ADD:
		vm->a += v;
		return true;
	case BPF_SUB:
		vm->a -= v;
		return true;
	case BPF_MUL:
		vm->a *= v;
		return true;
	case BPF_DIV:
		if (!v)
			return false;
		vm->a /= v;
		return true;
	case BPF_MOD:
		if (!v)
			return false;
		vm->a %= v;
		return true;
	case BPF_AND:
		vm->a &= v;
		return true;
	case BPF_OR:
		vm->a |= v;
		return true;
	case BPF_XOR:
		vm->a ^= v;
		return true;
	case BPF_LSH:
		vm->a <<= v & 31;
		return true;
	case BPF_RSH:
		vm->a >>= v & 31;
		return true;
	default: /* BPF_NEG */
		vm->a = -vm->a;
		return true;
	}
}

static u32 jump(const struct bpf_vm *vm, const struct sock_filter *f)
{
	u32 v = BPF_SRC(f->code) == BPF_X ? vm->x : f->k;
	bool hit;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		hit = vm->a == v;
		break;
	case BPF_JGT:
		hit = vm->a > v;
		break;
	case BPF_JGE:
		hit = vm->a >= v;
		break;
	default: /* BPF_JSET */
		hit = vm->a & v;
		break;
	}
	return hit ? f->jt : f->jf;
}

u32 bpf_run(struct net *net, const struct sock_filter *insns, u32 len, const struct sk_buff *skb)
{
	struct bpf_vm vm = { .net = net, .skb = skb };

	for (u32 pc = 0; pc < len; pc++) {
		const struct sock_filter *f = &insns[pc];

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (!run_load(&vm, f))
				return 0;
			break;
		case BPF_ALU:
			if (!run_alu(&vm, f))
				return 0;
			break;
		case BPF_JMP:
			pc += jump(&vm, f);
			break;
		case BPF_ST:
			vm.mem[f->k] = vm.a;
			break;
		case BPF_STX:
			vm.mem[f->k] = vm.x;
			break;
		case BPF_MISC:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				vm.x = vm.a;
			else
				vm.a = vm.x;
			break;
		default: /* BPF_RET */
			return BPF_RVAL(f->code) == BPF_A ? vm.a : f->k;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ on sockets */

int sk_filter_run(struct sock *sk, struct sk_buff *skb, u32 cap_bytes)
{
	u32 keep_bytes = bpf_run(sk->net, sk->filter->insns, sk->filter->len, skb);

	if (!keep_bytes)
		return -EPERM;
	keep_bytes = max_u32(keep_bytes, cap_bytes);
	if (keep_bytes < skb->len && pskb_trim(skb, keep_bytes))
		return -EPERM;
	return 0;
}

int sk_filter_attach(struct sock *sk, const struct sock_fprog *prog)
{
	struct sk_filter *filter;
	u32 bytes;
	int err;

	if (!prog->filter || !prog->len || prog->len > BPF_MAXINSNS)
		return -EINVAL;
	err = bpf_check_classic(prog->filter, prog->len);
	if (err)
		return err;
	bytes = (u32)(sizeof(*filter) + prog->len * sizeof(filter->insns[0]));
	filter = sock_opt_alloc(sk, bytes);
	if (!filter)
		return -ENOMEM;
	filter->bytes = bytes;
	filter->len = prog->len;
	memcpy(filter->insns, prog->filter, prog->len * sizeof(filter->insns[0]));
	sk_filter_detach(sk);
	sk->filter = filter;
	return 0;
}

int sk_filter_copy(struct sock *sk, const struct sk_filter *from)
{
	struct sk_filter *filter = sock_opt_alloc(sk, from->bytes);

	if (!filter)
		return -ENOMEM;
	memcpy(filter, from, from->bytes);
	sk->filter = filter;
	return 0;
}

void sk_filter_detach(struct sock *sk)
{
	struct sk_filter *filter = sk->filter;

	sk->filter = NULL;
	if (filter)
		sock_opt_free(sk, filter, filter->bytes);
}
