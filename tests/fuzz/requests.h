/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink requests out of a fuzzer's octets. */
#ifndef NETHOOD_FUZZ_REQUESTS_H
#define NETHOOD_FUZZ_REQUESTS_H

#include <linux/netlink.h>

#include "input.h"

/** request_build() - the request that @in describes; borrowed until the next one.  Its sequence number is 0 */
struct nlmsghdr *request_build(struct input *in);

#endif
