// SPDX-License-Identifier: BSD-2-Clause
/* The program in the kernel that gives an interface's frames to the sockets of its queues.
 *
 * @step receive path, to drivers/xdp_host.c
 * @linux linux/bpf.h; bpf(2)
 *
 * It hangs on a descriptor, not on the interface: it goes when the descriptor is closed, however the process ends.
 * A frame of a queue that has no socket goes to the host's stack, as without it.
 *
 * @syscalls bpf
 */
#include "drivers/xdp_prog.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS) */
static int prog_load(int map_fd)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map_fd },
		{ .code = 0 }, /* upper half of the descriptor */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "nethood", "BSD", insns, ARRAY_SIZE(insns), NULL);
}

static int link_create(int prog_fd, int ifindex, u32 mode)
{
	const struct bpf_link_create_opts opts = { .sz = sizeof(opts), .flags = mode };

	return bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);
}

/* In the host's driver if that can: what else may be wrong is wrong after it as well. */
static int link_attach(struct xdp_prog *prog, int prog_fd, int ifindex)
{
	int fd = link_create(prog_fd, ifindex, XDP_FLAGS_DRV_MODE);

	prog->native = fd >= 0;
	if (fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM)
		fd = link_create(prog_fd, ifindex, XDP_FLAGS_SKB_MODE);
	if (fd < 0)
		return fd == -EEXIST ? -EBUSY : fd;
	prog->link_fd = fd;
	return 0;
}

int xdp_prog_attach(struct xdp_prog *prog, int ifindex, u32 queues)
{
	int prog_fd, err;

	*prog = (struct xdp_prog){ .map_fd = -1, .link_fd = -1 };
	prog->map_fd = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "nethood", sizeof(u32), sizeof(u32), queues, NULL);
	if (prog->map_fd < 0)
		return prog->map_fd;
	prog_fd = prog_load(prog->map_fd);
	if (prog_fd < 0) {
		xdp_prog_detach(prog);
		return prog_fd;
	}
	err = link_attach(prog, prog_fd, ifindex);
	sys_close(&prog_fd); /* the link has it */
	if (err)
		xdp_prog_detach(prog);
	return err;
}

int xdp_prog_give(const struct xdp_prog *prog, u32 queue, int socket_fd)
{
	return bpf_map_update_elem(prog->map_fd, &queue, &socket_fd, BPF_ANY);
}

void xdp_prog_detach(struct xdp_prog *prog)
{
	sys_close(&prog->link_fd);
	sys_close(&prog->map_fd);
}
