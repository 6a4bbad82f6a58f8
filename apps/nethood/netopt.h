/* SPDX-License-Identifier: BSD-2-Clause */
/* NET OPTIONS: what run and up are told about the net to make. */
#ifndef NETHOOD_NETOPT_H
#define NETHOOD_NETOPT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "nethood/nethood.h"

#define NETOPT_DEVS 16
#define NETOPT_MANY 64

struct netopt_dev {
	char name[IFNAMSIZ];
	const char *driver;   /**< of a constant table */
	const char *arg;      /**< borrowed from the command line */
	int fd;               /**< of driver "fd", else -1 */
	uint32_t mtu, queues; /**< 0: what the driver makes of it */
	uint8_t lladdr[6];
	bool has_lladdr, offload;
};
enum netopt_addr_kind {
	NETOPT_ADDR_FIXED,
	NETOPT_ADDR_LINK_LOCAL, /**< RFC 3927 */
	NETOPT_ADDR_BY_ARP,     /**< that which a packet is sent to */
};
struct netopt_addr {
	enum netopt_addr_kind kind;
	struct netaddr addr;
	uint32_t prefix_bits;
	char dev[IFNAMSIZ];                    /**< "": the first */
	uint32_t icmp_length, port, timeout_s; /**< by ARP; 0: no such rule */
	bool by_default;                       /**< nobody asked for it: where it cannot be, it is not */
};
struct netopt_route {
	struct netaddr dst, gateway;
	uint32_t prefix_bits;
	char dev[IFNAMSIZ]; /**< "": whichever reaches the gateway */
	bool by_default;
};
struct netopt_prefix {
	struct netaddr addr;
	uint32_t prefix_bits;
};
struct netopt_sysctl {
	char key[128];
	const char *value;
};

struct netopt {
	struct netopt_dev dev[NETOPT_DEVS];
	struct netopt_addr addr[NETOPT_MANY];
	struct netopt_route route[NETOPT_MANY];
	struct netopt_sysctl sysctl[NETOPT_MANY];
	char dhcp[NETOPT_DEVS][IFNAMSIZ]; /**< devices; "": the first */
	const char *batch[NETOPT_MANY];
	uint32_t devs, addrs, dhcps, routes, sysctls, batches, bypasses, host_addrs;
	struct netopt_addr host_addr[2];
	enum nethood_profile profile;
	const char *pcap;
	const char *record;  /**< file; NULL: none */
	uint32_t record_mib; /**< size of the ring */
	bool has_record_mib;
	struct netopt_prefix bypass[NETOPT_MANY];
	bool proc; /**< of run: its program sees the net in /proc */
};

extern const struct cli_option netopt_table[];

/** netopt_finish() - defaults, and what fits together.  Return: 0, EXIT_USAGE after having said why */
int netopt_finish(struct netopt *o);
void netopt_init(struct netopt *o);
/** netopt_dev_name() - of the device that an option is about: the first if it names none */
const char *netopt_dev_name(const struct netopt *o, const char *dev);

#endif
