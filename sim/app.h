/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of simulated hosts: datagrams that a ledger follows, an echo that says whether two hosts reach each other,
 * and streams (stream.h).
 *
 * The ledger is omniscient: it knows each datagram that was sent, and what may arrive: the right octets, from the right
 * address, at the right host, not more often than the wires have doubled it.
 */
#ifndef NETHOOD_SIM_APP_H
#define NETHOOD_SIM_APP_H

#include "stream.h"
#include "world.h"

#define APP_PORT_LEDGER 7000
#define APP_PORT_ECHO 7
#define APP_DATA_MAX_BYTES 9000U

enum { APP_IP4, APP_IP6, APP_FAMILIES };

/** struct app_record - one datagram */
struct app_record {
	u32 from, to; /**< hosts */
	u16 len_bytes;
	u16 delivered_count;
};

/** struct app_ledger - all datagrams of a world */
struct app_ledger {
	struct app_record *record;
	u32 count, room;
	u64 delivered_count, refused_count;
	u32 copies_max;  /**< that may arrive of one: 1, or more if wires double frames */
	bool any_octets; /**< wires change octets and mend the checksums: what arrives says nothing */
};

/** struct sim_app - what runs on a host */
struct sim_app {
	struct sim_host *host;
	struct nethood_net *net; /**< of its host's: on which it serves */
	struct app_ledger *ledger;
	/** of each family; @dual: those of IPv6 serve both, and there are no others */
	struct nethood_sock *ledger_sock[APP_FAMILIES], *echo_sock[APP_FAMILIES], *probe_sock[APP_FAMILIES];
	u8 addr[4];   /**< of the host, as others know it */
	u8 addr6[16]; /**< same, if it speaks IPv6 */
	bool speaks_ip6, dual;
	u8 prefixlen;
	int ifindex;
	struct stream_app stream;
	u32 ask_bytes; /**< of an echo request, its header too; 0: no more than that */
	/* whom it has asked, and who has answered: by host */
	u32 *asked, *answered;
	u32 peer_count;
};

/** app_start() - sockets are made, and made again after a reboot.  Return: 0, -errno */
int app_start(struct sim_app *app);
void app_stop(struct sim_app *app);
/** app_speaks() - has it sockets of that family, when all is well? */
bool app_speaks(const struct sim_app *app, u32 family);
/** app_is_whole() - all its sockets are there */
bool app_is_whole(const struct sim_app *app);
/** app_send() - one datagram of @data_bytes to @to, for the ledger */
void app_send(struct sim_app *app, const struct sim_app *to, u32 data_bytes);
void app_send6(struct sim_app *app, const struct sim_app *to, u32 data_bytes);
/** app_send_addr() - one that nobody will answer */
void app_send_addr(struct sim_app *app, const u8 addr[static 4], u32 data_bytes);
/** app_vouch() - one that nobody will answer, whose sender says that it hears from @to */
void app_vouch(struct sim_app *app, const struct sim_app *to, bool six);
void app_send_addr6(struct sim_app *app, const u8 addr[static 16], u32 data_bytes);
/** app_ask() - an echo request to @to, which is host number @peer of the world's */
void app_ask(struct sim_app *app, const struct sim_app *to, u32 peer);
/** app_ask6() - to an address; @peer: as above, another number for each that is to be told apart */
void app_ask6(struct sim_app *app, const u8 addr[static 16], u32 peer);
void app_ledger_end(struct app_ledger *l);

#endif
