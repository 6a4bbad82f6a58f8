// SPDX-License-Identifier: BSD-2-Clause
/* NET OPTIONS: what is taken, and which word is refused. */
#include "netopt.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#define WORDS_MAX 8

static struct netopt o;

/* What is complained of goes to a file.  Return: what cli_parse() and netopt_finish() say; @said: the line */
static int parse(const char *const words[WORDS_MAX], int *first, char said[static 512])
{
	static char copy[WORDS_MAX][256]; /* options point into their words */
	char *argv[WORDS_MAX];
	FILE *f = tmpfile();
	int argc = 0, ret, before = dup(STDERR_FILENO);
	size_t n;

	for (; argc < WORDS_MAX && words[argc]; argc++) {
		snprintf(copy[argc], sizeof(copy[argc]), "%s", words[argc]);
		argv[argc] = copy[argc];
	}
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	netopt_init(&o);
	ret = cli_parse(netopt_table, &o, argc, argv, first);
	if (!ret)
		ret = netopt_finish(&o);
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(f);
	n = fread(said, 1, 511, f);
	said[n] = '\0';
	fclose(f);
	return ret;
}

static const struct {
	const char *says;
	const char *words[WORDS_MAX];
	const char *said; /* is in the complaint */
} wrong[] = {
	{ "an option that nobody knows", { "--fly" }, "--fly: unknown option" },
	{ "the beginning of one", { "--de", "x" }, "--de: unknown option" },
	{ "a single letter", { "-x" }, "-x: unknown option" },
	{ "no value", { "--addr" }, "--addr: needs a value" },
	{ "twice what may be once", { "--pcap", "a", "--pcap", "b" }, "--pcap: given twice" },
	{ "a device without driver", { "--dev", "eth0" }, "'eth0': want NAME=DRIVER:ARG" },
	{ "a driver without colon", { "--dev", "eth0=tap" }, "want NAME=DRIVER:ARG" },
	{ "an unknown driver", { "--dev", "eth0=pigeon:x" }, "'eth0=pigeon:x': the drivers are" },
	{ "no name", { "--dev", "=tap:x" }, "the name of a device" },
	{ "a name of 16 characters", { "--dev", "abcdefghijklmnop=tap:x" }, "the name of a device" },
	{ "the loopback", { "--dev", "lo=tap:x" }, "the name of a device" },
	{ "one name twice", { "--dev", "e=tap:x", "--dev", "e=tap:y" }, "already" },
	{ "an MTU that is a word", { "--dev", "e=tap:x,mtu=big" }, "mtu= is a number" },
	{ "an MTU too small for IPv4", { "--dev", "e=tap:x,mtu=67" }, "mtu= is a number" },
	{ "an MTU too large", { "--dev", "e=tap:x,mtu=65536" }, "mtu= is a number" },
	{ "a negative MTU", { "--dev", "e=tap:x,mtu=-1500" }, "mtu= is a number" },
	{ "a key twice", { "--dev", "e=tap:x,mtu=1500,mtu=1400" }, "twice" },
	{ "an unknown key", { "--dev", "e=tap:x,speed=10" }, "after the argument" },
	{ "half a MAC", { "--dev", "e=tap:x,lladdr=02:00" }, "lladdr= is" },
	{ "a MAC with a sign", { "--dev", "e=tap:x,lladdr=02:00:00:00:00:+1" }, "lladdr= is" },
	{ "everybody's MAC", { "--dev", "e=tap:x,lladdr=ff:ff:ff:ff:ff:ff" }, "lladdr= is" },
	{ "nobody's MAC", { "--dev", "e=tap:x,lladdr=00:00:00:00:00:00" }, "lladdr= is" },
	{ "no queue", { "--dev", "e=tap:x,queues=0" }, "queues= is" },
	{ "half an offload", { "--dev", "e=tap:x,offload=maybe" }, "offload= is" },
	{ "a descriptor that is a word", { "--dev", "e=fd:x" }, "number of a descriptor" },
	{ "a negative descriptor", { "--dev", "e=fd:-1" }, "number of a descriptor" },
	{ "packet of nothing", { "--dev", "e=packet:" }, "name of an interface" },
	{ "xdp of no name", { "--dev", "e=xdp:a/b" }, "name of an interface" },
	{ "unix of nothing", { "--dev", "e=unix:" }, "want a path" },
	{ "an address out of range", { "--addr", "10.77.0.300/24" }, "'10.77.0.300/24'" },
	{ "a prefix out of range", { "--addr", "10.77.0.2/33" }, "'10.77.0.2/33'" },
	{ "no prefix", { "--addr", "10.77.0.2" }, "prefix length is missing" },
	{ "an IPv6 prefix out of range", { "--addr", "fd00::2/129" }, "'fd00::2/129'" },
	{ "half an IPv6 address", { "--addr", "fd00::g/64" }, "'fd00::g/64'" },
	{ "IPv6 by an IPv4 gateway", { "--route", "2001:db8::/32 via 10.0.0.1" }, "of the other family" },
	{ "a device that is not there", { "--addr", "10.1.0.2/24%eth9" }, "eth9" },
	{ "no device behind the sign", { "--addr", "10.1.0.2/24%" }, "name of a device" },
	{ "DHCP for a device that is not there", { "--dhcp=eth9" }, "eth9" },
	{ "DHCP for nothing", { "--dhcp=" }, "no name of a device" },
	{ "DHCP for one device twice", { "--dhcp", "--dhcp=eth0" }, "eth0': is given twice" },
	{ "link-local and more", { "--addr", "link-local,port=1" }, "after link-local comes nothing" },
	{ "link-local on a device that is not there", { "--addr", "link-local%eth9" }, "eth9" },
	{ "link-local on nothing", { "--addr", "link-local%" }, "name of a device" },
	{ "a word that begins like it", { "--addr", "link-localhost" }, "'link-localhost'" },
	{ "by ARP, and an unknown key", { "--addr", "by-arp,speed=1" }, "after by-arp come" },
	{ "by ARP, and an echo shorter than its headers", { "--addr", "by-arp,icmp-length=27" }, "icmp-length= is" },
	{ "by ARP, and an echo too long", { "--addr", "by-arp,icmp-length=65536" }, "icmp-length= is" },
	{ "by ARP, and port zero", { "--addr", "by-arp,port=0" }, "port= is" },
	{ "by ARP, and no prefix", { "--addr", "by-arp,prefix=0" }, "prefix= is" },
	{ "by ARP, and no time", { "--addr", "by-arp,timeout=0" }, "timeout= is" },
	{ "by ARP, and a number that is none", { "--addr", "by-arp,timeout=2m" }, "timeout= is" },
	{ "a route that is none", { "--route", "somewhere" }, "want PREFIX via GATEWAY" },
	{ "a route without gateway", { "--route", "default via" }, "want PREFIX via GATEWAY" },
	{ "a gateway that is none", { "--route", "default via nobody" }, "gateway" },
	{ "a route with more", { "--route", "default via 10.0.0.1 dev eth0 now" }, "want PREFIX" },
	{ "a route of no device", { "--route", "default via 10.0.0.1 dev eth9" }, "eth9" },
	{ "a sysctl without value", { "--sysctl", "net.ipv4.ip_forward" }, "KEY=VALUE" },
	{ "a sysctl without key", { "--sysctl", "=1" }, "KEY=VALUE" },
	{ "an unknown profile", { "--profile", "loose" }, "linux and strict" },
	{ "an address of the host, and no tap", { "--host-addr", "10.0.0.1/24", "--dev", "e=pcap:x" }, "--host-addr" },
};

static void wrong_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char said[512];
		int first, ret = parse(wrong[i].words, &first, said);

		if (ret != EXIT_USAGE || !strstr(said, wrong[i].said) || strncmp(said, "nethood: ", 9) ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("%s: %d, '%s'", wrong[i].says, ret, said);
	}
}

static void everything(void **state)
{
	const char *words[2][WORDS_MAX] = {
		{ "--dev", "eth7=tap:t0,mtu=1400,lladdr=02:00:00:00:99:01,offload=on", "--addr=10.55.0.2/16%eth7",
		  "--route", "10.9.0.0/16 via 10.55.0.1 dev eth7", "--sysctl", "a.b=c=d", "prog" },
		{ "--dev", "p=pcap:in.pcap,out.pcap,mtu=9000", "--profile", "strict", "--", "--dev" },
	};
	char said[512];
	int first;

	(void)state;
	assert_int_equal(parse(words[0], &first, said), 0);
	assert_int_equal(first, 7);
	assert_string_equal(o.dev[0].name, "eth7");
	assert_string_equal(o.dev[0].driver, "tap");
	assert_int_equal(o.dev[0].mtu, 1400);
	assert_int_equal(o.dev[0].lladdr[4], 0x99);
	assert_true(o.dev[0].offload && o.dev[0].has_lladdr && o.dev[0].fd == -1);
	assert_int_equal(o.addr[0].addr.v4.s_addr, htonl(0x0a370002));
	assert_int_equal(o.addr[0].prefix_bits, 16);
	assert_string_equal(o.addr[0].dev, "eth7");
	assert_int_equal(o.route[0].prefix_bits, 16);
	assert_string_equal(o.sysctl[0].key, "a.b");
	assert_string_equal(o.sysctl[0].value, "c=d");
	assert_int_equal(o.host_addrs, 0);
	assert_int_equal(parse(words[1], &first, said), 0);
	assert_int_equal(first, 5);
	assert_int_equal(o.dev[0].mtu, 9000);
	assert_int_equal(o.profile, NETHOOD_PROFILE_STRICT);
}

static void nothing(void **state)
{
	const char *words[WORDS_MAX] = { NULL };
	char said[512];
	int first;

	(void)state;
	assert_int_equal(parse(words, &first, said), 0);
	assert_int_equal(o.devs, 1);
	assert_string_equal(o.dev[0].name, "eth0");
	assert_int_equal(o.addr[0].addr.v4.s_addr, htonl(0x0a4d0002));
	assert_int_equal(o.host_addrs, 2);
	assert_int_equal(o.host_addr[0].addr.v4.s_addr, htonl(0x0a4d0001));
	assert_int_equal(o.host_addr[1].addr.family, AF_INET6);
	assert_int_equal(o.addrs, 2);
	assert_int_equal(o.routes, 2);
	assert_int_equal(o.route[1].gateway.v6.s6_addr[15], 1);
	assert_int_equal(o.route[0].gateway.v4.s_addr, htonl(0x0a4d0001));
	assert_int_equal(o.route[0].prefix_bits, 0);
}

static void from_outside(void **state)
{
	const char *words[2][WORDS_MAX] = {
		{ "--dhcp", "--addr", "by-arp", "--addr=link-local%eth0", "prog" },
		{ "--dev", "a=tap:x", "--dev", "b=tap:y", "--dhcp=b", "--addr",
		  "by-arp,port=80,prefix=16,timeout=9%a" },
	};
	char said[512];
	int first;

	(void)state;
	assert_int_equal(parse(words[0], &first, said), 0);
	assert_int_equal(first, 4); /* a word behind --dhcp is not its device */
	assert_int_equal(o.dhcps, 1);
	assert_string_equal(o.dhcp[0], "");
	assert_int_equal(o.addrs, 2); /* and no default */
	assert_int_equal(o.host_addrs, 0);
	assert_int_equal(o.addr[0].kind, NETOPT_ADDR_BY_ARP);
	assert_int_equal(o.addr[0].icmp_length, 436);
	assert_int_equal(o.addr[0].port, 0);
	assert_int_equal(o.addr[0].prefix_bits, 24);
	assert_int_equal(o.addr[0].timeout_s, 120);
	assert_int_equal(o.addr[1].kind, NETOPT_ADDR_LINK_LOCAL);
	assert_string_equal(o.addr[1].dev, "eth0");
	assert_int_equal(parse(words[1], &first, said), 0);
	assert_string_equal(o.dhcp[0], "b");
	assert_string_equal(o.addr[0].dev, "a");
	assert_int_equal(o.addr[0].icmp_length, 0);
	assert_int_equal(o.addr[0].port, 80);
	assert_int_equal(o.addr[0].prefix_bits, 16);
	assert_int_equal(o.addr[0].timeout_s, 9);
}

static void too_many(void **state)
{
	int n = 2 * (NETOPT_MANY + 1), first;
	char **argv = calloc((size_t)n, sizeof(char *));

	(void)state;
	for (int i = 0; i < n; i += 2) {
		argv[i] = (char *)"--sysctl";
		argv[i + 1] = (char *)"a=b";
	}
	netopt_init(&o);
	assert_int_equal(cli_parse(netopt_table, &o, n - 2, argv, &first), 0);
	netopt_init(&o);
	assert_int_equal(cli_parse(netopt_table, &o, n, argv, &first), EXIT_USAGE);
	free(argv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_words),  cmocka_unit_test(everything), cmocka_unit_test(nothing),
		cmocka_unit_test(from_outside), cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
