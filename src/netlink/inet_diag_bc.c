// SPDX-License-Identifier: BSD-2-Clause
/* Filters that ss(8) sends: a list of conditions, each of which says how many octets further to go on if it holds, and if
 * it does not.  Who arrives at the very end is accepted, who jumps over it is not.
 *
 * @linux net/ipv4/inet_diag.c: inet_diag_bc_audit, inet_diag_bc_run   see sock_diag(7)
 *
 * Only forward jumps, so a program ends; inet_diag_bc_audit() makes sure that each one lands on a condition and that all
 * arguments are there.  Whatever it let through, inet_diag_bc_run() stays within the program.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "netlink/inet_diag.h"

#define OP_BYTES ((u32)sizeof(struct inet_diag_bc_op))
#define ANY_PORT (-1)

/* What is before the address of INET_DIAG_BC_S_COND, D_COND. */
struct hostcond {
	u8 family, prefix_len;
	s32 port;
};
#define HOSTCOND_BYTES ((u32)sizeof(struct hostcond))
static_assert(sizeof(struct hostcond) == offsetof(struct inet_diag_hostcond, addr), "it is its beginning");

static struct inet_diag_bc_op op_at(const u8 *code)
{
	struct inet_diag_bc_op op;

	memcpy(&op, code, sizeof(op));
	return op;
}

static struct hostcond hostcond_at(const u8 *code)
{
	struct hostcond cond;

	memcpy(&cond, code + OP_BYTES, HOSTCOND_BYTES);
	return cond;
}

/* ------------------------------------------------------------------ audit */

/* Does a walk from condition to condition come to where @left octets are left? */
static bool is_condition(const u8 *code, u32 len_bytes, u32 left)
{
	while (len_bytes > left) {
		u32 yes = op_at(code).yes;

		if (yes < OP_BYTES || (yes & 3) || yes > len_bytes)
			return false;
		code += yes;
		len_bytes -= yes;
	}
	return len_bytes == left;
}

static u32 hostcond_bytes(const u8 *code, u32 len_bytes)
{
	u32 addr_bytes;
	struct hostcond cond;

	if (len_bytes < OP_BYTES + HOSTCOND_BYTES)
		return UINT32_MAX;
	cond = hostcond_at(code);
	switch (cond.family) {
	case AF_UNSPEC:
		addr_bytes = 0;
		break;
	case AF_INET:
		addr_bytes = 4;
		break;
	case AF_INET6:
		addr_bytes = 16;
		break;
	default:
		return UINT32_MAX;
	}
	return cond.prefix_len <= 8 * addr_bytes ? OP_BYTES + HOSTCOND_BYTES + addr_bytes : UINT32_MAX;
}

/* Octets of a condition with its arguments; UINT32_MAX: they are wrong, or it is not known. */
static u32 condition_bytes(const u8 *code, u32 len_bytes)
{
	switch (op_at(code).code) {
	case INET_DIAG_BC_NOP:
	case INET_DIAG_BC_JMP:
	case INET_DIAG_BC_AUTO:
		return OP_BYTES;
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		return hostcond_bytes(code, len_bytes);
	case INET_DIAG_BC_S_GE:
	case INET_DIAG_BC_S_LE:
	case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE:
	case INET_DIAG_BC_S_EQ:
	case INET_DIAG_BC_D_EQ:
		return 2 * OP_BYTES;
	case INET_DIAG_BC_DEV_COND:
		return OP_BYTES + (u32)sizeof(u32);
	case INET_DIAG_BC_MARK_COND:
		return OP_BYTES + (u32)sizeof(struct inet_diag_markcond);
	default: /* also INET_DIAG_BC_CGROUP_COND: there are no groups of processes */
		return UINT32_MAX;
	}
}

int inet_diag_bc_audit(const void *program, u32 len_bytes, bool admin)
{
	const u8 *code = program;
	u32 left = len_bytes;

	if (len_bytes < OP_BYTES)
		return -EINVAL;
	while (left) {
		struct inet_diag_bc_op op;
		u32 bytes;

		if (left < OP_BYTES)
			return -EINVAL;
		op = op_at(code);
		bytes = condition_bytes(code, left);
		if (bytes > left)
			return -EINVAL;
		if (op.code == INET_DIAG_BC_MARK_COND && !admin)
			return -EPERM;
		if (op.code != INET_DIAG_BC_NOP) {
			if (op.no < bytes || op.no > left + 4 || (op.no & 3))
				return -EINVAL;
			if (op.no < left && !is_condition(program, len_bytes, left - op.no))
				return -EINVAL;
		}
		if (op.yes < bytes || op.yes > left || (op.yes & 3))
			return -EINVAL;
		code += op.yes;
		left -= op.yes;
	}
	return 0;
}

/* ------------------------------------------------------------------ run */

static bool prefix_matches(const u8 *a, const u8 *b, u32 bits)
{
	u32 octets = bits / 8;

	if (memcmp(a, b, octets) != 0)
		return false;
	return !(bits % 8) || !((u32)(a[octets] ^ b[octets]) >> (8 - bits % 8));
}

static const u8 mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool hostcond_holds(const u8 *code, const struct diag_entry *e, bool source)
{
	struct hostcond cond = hostcond_at(code);
	const u8 *addr = (const u8 *)(source ? e->saddr : e->daddr);

	if (cond.port != ANY_PORT && cond.port != (source ? e->sport : e->dport))
		return false;
	if (cond.family == AF_INET && e->family == AF_INET6 && !memcmp(addr, mapped_prefix, sizeof(mapped_prefix)))
		addr += sizeof(mapped_prefix); /* ::ffff:a.b.c.d is a.b.c.d */
	else if (cond.family != AF_UNSPEC && cond.family != e->family)
		return false;
	return prefix_matches(addr, code + OP_BYTES + HOSTCOND_BYTES, cond.prefix_len);
}

static bool markcond_holds(const u8 *code, u32 mark)
{
	struct inet_diag_markcond cond;

	memcpy(&cond, code + OP_BYTES, sizeof(cond));
	return (mark & cond.mask) == cond.mark;
}

static bool condition_holds(const u8 *code, const struct diag_entry *e)
{
	u32 ifindex;

	switch (op_at(code).code) {
	case INET_DIAG_BC_NOP:
		return true;
	case INET_DIAG_BC_S_EQ:
		return e->sport == op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_S_GE:
		return e->sport >= op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_S_LE:
		return e->sport <= op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_D_EQ:
		return e->dport == op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_D_GE:
		return e->dport >= op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_D_LE:
		return e->dport <= op_at(code + OP_BYTES).no;
	case INET_DIAG_BC_AUTO:
		return e->autobound;
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		return hostcond_holds(code, e, op_at(code).code == INET_DIAG_BC_S_COND);
	case INET_DIAG_BC_DEV_COND:
		memcpy(&ifindex, code + OP_BYTES, sizeof(ifindex));
		return ifindex == (u32)e->ifindex;
	case INET_DIAG_BC_MARK_COND:
		return markcond_holds(code, e->mark);
	default: /* INET_DIAG_BC_JMP */
		return false;
	}
}

bool inet_diag_bc_run(const void *program, u32 len_bytes, const struct diag_entry *e)
{
	const u8 *code = program;

	while (len_bytes >= OP_BYTES) {
		struct inet_diag_bc_op op = op_at(code);
		u32 step = condition_holds(code, e) ? op.yes : op.no;

		if (step < OP_BYTES || step > len_bytes)
			return false;
		code += step;
		len_bytes -= step;
	}
	return !len_bytes;
}
