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
#define MTU_MAX 65535

static bool is_ipv4(const char *text)
{
	return !strcasecmp(text, "ipv4") || !strcmp(text, "4");
}

/* A number of bits, or a mask. */
static bool prefix_parse(const char *text, uint32_t *bits)
{
	struct in_addr mask;
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end != text && !*end) {
		*bits = (uint32_t)n;
		return n <= 32;
	}
	if (!inet_aton(text, &mask))
		return false;
	*bits = (uint32_t)__builtin_popcount(mask.s_addr);
	return ntohl(mask.s_addr) == (*bits ? UINT32_MAX << (32 - *bits) : 0);
}

/* @bits NULL: an address alone. */
static bool addr_parse(char *text, struct in_addr *addr, uint32_t *bits)
{
	char *slash = strchr(text, '/');

	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, text, addr) != 1)
		return false;
	return !bits || (slash && prefix_parse(slash + 1, bits));
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
	if (!is_ipv4(field[0]))
		return "only IPVERSION ipv4 is spoken; ipv6 and ipv4-mapped-ipv6 are not yet";
	if (!addr_parse(field[1], &out->local, &out->local_bits))
		return "LOCAL/PREFIX is no IPv4 address and prefix";
	if (!addr_parse(field[2], &out->gateway, NULL))
		return "GATEWAY is no IPv4 address";
	if (!addr_parse(field[3], &out->remote, &out->remote_bits))
		return "REMOTE/PREFIX is no IPv4 address and prefix";
	out->mtu = MTU_DEFAULT;
	out->offload = true;
	while (rest && !wrong)
		wrong = option_parse(strsep(&rest, ","), out);
	return wrong;
}
