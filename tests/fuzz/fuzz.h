/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fuzz targets share: a net in virtual time whose memory is counted and may run out.
 *
 * Each target defines LLVMFuzzerTestOneInput(): built for libFuzzer, that calls it; else replay.c does, with files.
 * Whatever must not be is told by fuzz_fail(), which ends the process.
 */
#ifndef NETHOOD_FUZZ_FUZZ_H
#define NETHOOD_FUZZ_FUZZ_H

#include "input.h"
#include "nethood/nethood.h"

#define FUZZ_SEC UINT64_C(1000000000)
#define FUZZ_BEGIN_NS (100 * FUZZ_SEC)
#define FUZZ_DEVS 3U
#define FUZZ_MAC_BYTES 6U

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes);

/** fuzz_fail() - something does not hold */
__attribute__((noreturn)) __printf(1, 2) void fuzz_fail(const char *fmt, ...);
/** fuzz_input_name() - which input is run: fuzz_fail() tells it.  @path: borrowed */
void fuzz_input_name(const char *path, u32 number);

/** struct fuzz_mem - an allocator that counts, and fails when it is told to */
struct fuzz_mem {
	size_t live_bytes;
	u32 fail_after; /**< so many allocations succeed, then one fails; 0: none does */
	bool fail_on;   /**< and all after it */
	struct nethood_allocator ops;
};

struct fuzz_net;

struct fuzz_dev {
	struct fuzz_net *fn;
	struct nethood_dev *dev;
	u8 mac[FUZZ_MAC_BYTES];
	bool busy; /**< takes no frames */
};

struct fuzz_net {
	struct nethood_net *net;
	struct fuzz_mem mem;
	size_t own_bytes; /**< of what holds the net, which it does not count */
	u64 now_ns;
	struct fuzz_dev dev[FUZZ_DEVS];
	struct nethood_sock *admin; /**< AF_NETLINK, for fuzz_request() */
	u32 seq;
	/** told of each frame that leaves; may be NULL */
	void (*sent)(struct fuzz_net *fn, const struct fuzz_dev *dev, const u8 *frame, size_t len_bytes);
	void *ctx;
};

/** fuzz_net_create() - @fn zeroed by the caller but for .sent and .ctx; eth0 .. with addresses of their own, all down */
void fuzz_net_create(struct fuzz_net *fn, enum nethood_profile profile);
/** fuzz_net_free() - its sockets are closed by the caller or with it; nothing may be left */
void fuzz_net_free(struct fuzz_net *fn);
/** fuzz_poll() - all that is due now */
void fuzz_poll(struct fuzz_net *fn);
/** fuzz_pass() - time goes by, timers fire when they are due, if not too many do */
void fuzz_pass(struct fuzz_net *fn, u64 ns);
/** fuzz_check() - does all hold? */
void fuzz_check(struct fuzz_net *fn);
/** fuzz_memory() - @after: so many allocations succeed, then one fails, or with @on all; 0: memory is back */
void fuzz_memory(struct fuzz_net *fn, u32 after, bool on);

/** fuzz_sysctl() - both borrowed; what is refused is no matter */
void fuzz_sysctl(struct fuzz_net *fn, const char *key, const char *value);

/** fuzz_receive() - some of what waits at @sk, NULL: nobody's; body: flags, room for data and control */
void fuzz_receive(struct nethood_sock *sk, struct input *in);

struct nlmsghdr;
/** fuzz_request() - by rtnetlink.  Return: 0, or the errno that was answered; -EIO: no answer */
int fuzz_request(struct fuzz_net *fn, struct nlmsghdr *nlh);
int fuzz_link_up(struct fuzz_net *fn, int ifindex, bool up);
int fuzz_addr(struct fuzz_net *fn, int ifindex, const char *addr, u8 prefix_bits);
int fuzz_route(struct fuzz_net *fn, const char *dst, u8 prefix_bits, const char *gateway, int ifindex);
int fuzz_neigh(struct fuzz_net *fn, int ifindex, const char *addr, const u8 *lladdr, u16 state, u8 flags);

#endif
