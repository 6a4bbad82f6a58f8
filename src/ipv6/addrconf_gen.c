// SPDX-License-Identifier: BSD-2-Clause
/* Interface identifiers: the last 64 bits of an address that a device gives itself.
 *
 * @rfc  4291 A, 2464 4 (of the hardware address), 7217 (stable and opaque), 8981 3.3.1 (random), 5453 (reserved)
 * @linux ipv6_generate_eui64, ipv6_generate_stable_address, addrconf_addr_gen
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <string.h>

#include "base/byteorder.h"
#include "base/hash.h"
#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"

bool ipv6_generate_eui64(const struct net_device *dev, u8 eui[static 8])
{
	const u8 *a = dev->dev_addr;

	if (dev->type != ARPHRD_ETHER || dev->addr_len != ETH_ALEN)
		return false;
	memcpy(eui, a, 3);
	eui[3] = 0xff;
	eui[4] = 0xfe;
	memcpy(eui + 5, a + 3, 3);
	eui[0] ^= 2; /* universal/local is inverted */
	return true;
}

/** iid_is_reserved() - @rfc 5453: subnet-router anycast, RFC 5214's of ISATAP and Proxy Mobile IPv6, reserved anycast */
static bool iid_is_reserved(const u8 iid[static 8])
{
	static const u8 zero[8], ours[5] = { 0x00, 0x00, 0x5e, 0xff, 0xfe },
				 anycast[7] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (!memcmp(iid, zero, sizeof(zero)))
		return true;
	if (!memcmp(iid + 1, ours + 1, sizeof(ours) - 1) && (iid[0] & 0xfd) == ours[0])
		return true;
	return !memcmp(iid, anycast, sizeof(anycast)) && (iid[7] & 0x80);
}

void ipv6_random_iid(struct net *net, u8 iid[static 8])
{
	do
		get_random_bytes(&net->rng, iid, 8);
	while (iid_is_reserved(iid));
}

/* ------------------------------------------------------------------ RFC 7217 */

/** struct rid_input - F() of RFC 7217 5 reads this: prefix, interface, secret, counter */
struct rid_input {
	u8 secret[16];
	u8 prefix[8];
	u8 hwaddr[MAX_ADDR_LEN];
	u32 dad_count;
};

static const struct in6_addr *stable_secret(const struct inet6_dev *idev)
{
	const struct ipv6_devconf *dflt = idev->dev->net->ipv6->devconf_dflt;

	if (idev->cnf.stable_secret_set)
		return &idev->cnf.stable_secret;
	return dflt->stable_secret_set ? &dflt->stable_secret : NULL;
}

/* F() is SipHash keyed by the secret; that is 128 bits of key, as RFC 7217 5 asks for, and 64 of output. */
static void stable_iid(const struct rid_input *in, u8 iid[static 8])
{
	siphash_key_t key;
	u64 hash;

	memcpy(key.key, in->secret, sizeof(key.key));
	hash = siphash(in, sizeof(*in), &key);
	memcpy(iid, &hash, sizeof(hash));
}

bool ipv6_generate_stable_address(struct in6_addr *address, u8 dad_count, const struct inet6_dev *idev)
{
	const struct in6_addr *secret = stable_secret(idev);
	struct rid_input in = { .dad_count = dad_count };

	if (!secret)
		return false;
	memcpy(in.secret, secret, sizeof(in.secret));
	memcpy(in.prefix, address, sizeof(in.prefix));
	memcpy(in.hwaddr, idev->dev->dev_addr, idev->dev->addr_len);
	for (;; in.dad_count++) {
		if (in.dad_count > (u32)idev->dev->net->ipv6->idgen_retries)
			return false;
		stable_iid(&in, &address->s6_addr[8]);
		if (!iid_is_reserved(&address->s6_addr[8]))
			return true;
	}
}

/* ------------------------------------------------------------------ the link-local address */

int addrconf_add_linklocal(struct inet6_dev *idev, const struct in6_addr *addr, u32 flags)
{
	struct net *net = idev->dev->net;
	struct ifa6_config cfg = { .addr = *addr,
				   .prefix_len = LLADDR_PREFIX_LEN,
				   .flags = flags,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME,
				   .ifa_proto = IFAPROT6_KERNEL_LL };
	struct inet6_ifaddr *ifp;
	int err;

	if ((IPV6_DEVCONF_ALL(net, OPTIMISTIC_DAD) || IN6_DEV_CONF(idev, OPTIMISTIC_DAD)) &&
	    !IPV6_DEVCONF_ALL(net, FORWARDING))
		cfg.flags |= IFA_F_OPTIMISTIC;
	ifp = ipv6_add_addr(idev, &cfg, NULL, &err);
	if (!ifp)
		return err;
	err = addrconf_add_prefix_route(ifp, 0);
	if (err) {
		ipv6_del_addr(ifp);
		return err;
	}
	addrconf_dad_start(ifp);
	return 0;
}

/** own_secret() - addr_gen_mode "random": a secret of the device's own, once */
static void own_secret(struct inet6_dev *idev)
{
	if (idev->cnf.stable_secret_set)
		return;
	get_random_bytes(&idev->dev->net->rng, &idev->cnf.stable_secret, sizeof(idev->cnf.stable_secret));
	idev->cnf.stable_secret_set = true;
}

void addrconf_addr_gen(struct inet6_dev *idev)
{
	struct in6_addr addr = { .s6_addr = { 0xfe, 0x80 } };
	int err = 0;

	switch (IN6_DEV_CONF(idev, ADDR_GEN_MODE)) {
	case IN6_ADDR_GEN_RANDOM:
		own_secret(idev);
		/* fall through */
	case IN6_ADDR_GEN_STABLE_PRIVACY:
		if (ipv6_generate_stable_address(&addr, 0, idev))
			err = addrconf_add_linklocal(idev, &addr, IFA_F_STABLE_PRIVACY);
		break;
	case IN6_ADDR_GEN_EUI64:
		if (ipv6_generate_eui64(idev->dev, &addr.s6_addr[8]))
			err = addrconf_add_linklocal(idev, &addr, 0);
		break;
	default:
		break;
	}
	if (err && err != -EEXIST)
		net_log(idev->dev->net, "%s: no memory for a link-local address", idev->dev->name);
}
