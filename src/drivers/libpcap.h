/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap, of which one driver needs these. */
#ifndef NETHOOD_DRIVERS_LIBPCAP_H
#define NETHOOD_DRIVERS_LIBPCAP_H

#include <pcap/pcap.h>

struct libpcap {
	void *handle; /* NULL: not loaded */
	__typeof__(pcap_fopen_offline_with_tstamp_precision) *fopen_offline;
	__typeof__(pcap_open_dead_with_tstamp_precision) *open_dead;
	__typeof__(pcap_close) *close;
	__typeof__(pcap_datalink) *datalink;
	__typeof__(pcap_next_ex) *next_ex;
	__typeof__(pcap_geterr) *geterr;
	__typeof__(pcap_dump_fopen) *dump_fopen;
	__typeof__(pcap_dump) *dump;
	__typeof__(pcap_dump_flush) *dump_flush;
	__typeof__(pcap_dump_close) *dump_close;
};

/** libpcap_load() - Return: 0; -ELIBACC: it is not installed, or lacks something */
int libpcap_load(struct libpcap *lib);
void libpcap_unload(struct libpcap *lib);

#endif
