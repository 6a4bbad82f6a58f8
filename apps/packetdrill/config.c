// SPDX-License-Identifier: BSD-2-Clause
/* `IPVERSION,LOCAL/PREFIX,GATEWAY,REMOTE/PREFIX`, and what may follow: `,mtu=1500`, `,offload=off`. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pd.h"

#define FLAGS_DEFAULT "ipv4,192.168.0.1/16,192.168.0.2,192.0.2.0/24"
#define FIELDS 4
#define MTU_DEFAULT 1500
#define MTU_MIN 68
#define MTU_MIN6 1280
#define MTU_MAX 65535

/** struct version - what IPVERSION may say */
struct version {
	const char *name;
	int wire_family;
};

/* packetdrill itself makes the sockets of a family, so a host has both whatever the wire has. */
static const struct version versions[] = {
	{ "ipv4", AF_INET },
	{ "4", AF_INET },
	{ "ipv4-mapped-ipv6", AF_INET },
	{ "ipv4_mapped_ipv6", AF_INET },
	{ "ipv4-mapped-v6", AF_INET },
	{ "ipv6", AF_INET6 },
	{ "6", AF_INET6 },
};

static const struct version *version_find(const char *text)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (!strcasecmp(text, versions[i].name))
			return &versions[i];
	}
	return NULL;
}

/* A number of bits, or a mask. */
static bool prefix_parse(const char *text, const struct netaddr *addr, uint32_t *bits)
{
	struct netaddr mask;
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end != text && !*end) {
		*bits = (uint32_t)n;
		return n <= netaddr_bits(addr);
	}
	if (!netaddr_parse(text, &mask) || mask.family != addr->family)
		return false;
	*bits = 0;
	while (*bits < netaddr_bits(addr) && mask.octets[*bits / 8] & 0x80 >> *bits % 8)
		++*bits;
	for (uint32_t i = *bits; i < netaddr_bits(addr); i++) {
		if (mask.octets[i / 8] & 0x80 >> i % 8)
			return false;
	}
	return true;
}

/* ::ffff:192.0.2.1 is 192.0.2.1 */
static void addr_unmap(struct netaddr *addr)
{
	if (addr->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&addr->v6)) {
		memmove(addr->octets, addr->octets + 12, 4);
		memset(addr->octets + 4, 0, 12);
		addr->family = AF_INET;
	}
}

/* @bits NULL: an address alone. */
static bool addr_parse(char *text, int family, struct netaddr *addr, uint32_t *bits)
{
	char *slash = strchr(text, '/');

	if (slash)
		*slash = '\0';
	if (!netaddr_parse(text, addr))
		return false;
	addr_unmap(addr);
	return addr->family == family && (!bits || (slash && prefix_parse(slash + 1, addr, bits)));
}

/* Return: NULL; what is wrong */
static const char *option_parse(const char *text, struct pd_config *out)
{
	unsigned long mtu;
	char *end;

	if (!strcmp(text, "offload=off")) {
		out->offload = false;
		return NULL;
	}
	if (strncmp(text, "mtu=", 4) != 0)
		return "after REMOTE/PREFIX only mtu=N and offload=off are known";
	mtu = strtoul(text + 4, &end, 10);
	if (*end || mtu < MTU_MIN || mtu > MTU_MAX)
		return "mtu is a number from 68 to 65535";
	out->mtu = (uint32_t)mtu;
	return NULL;
}

const char *pd_config_parse(const char *flags, struct pd_config *out)
{
	char text[256], *rest = text, *field[FIELDS];
	const struct version *version;
	const char *wrong = NULL;

	if (!flags || !*flags)
		flags = FLAGS_DEFAULT;
	if ((size_t)snprintf(text, sizeof(text), "%s", flags) >= sizeof(text))
		return "the flags are too long";
	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&rest, ",");
		if (!field[i])
			return "the flags are not IPVERSION,LOCAL/PREFIX,GATEWAY,REMOTE/PREFIX";
	}
	version = version_find(field[0]);
	if (!version)
		return "IPVERSION is ipv4, ipv6 or ipv4-mapped-ipv6";
	if (!addr_parse(field[1], version->wire_family, &out->local, &out->local_bits))
		return "LOCAL/PREFIX is no address and prefix of this IPVERSION";
	if (!addr_parse(field[2], version->wire_family, &out->gateway, NULL))
		return "GATEWAY is no address of this IPVERSION";
	if (!addr_parse(field[3], version->wire_family, &out->remote, &out->remote_bits))
		return "REMOTE/PREFIX is no address and prefix of this IPVERSION";
	out->mtu = MTU_DEFAULT;
	out->offload = true;
	while (rest && !wrong)
		wrong = option_parse(strsep(&rest, ","), out);
	if (!wrong && version->wire_family == AF_INET6 && out->mtu < MTU_MIN6)
		wrong = "mtu is at least 1280 for IPv6";
	return wrong;
}
