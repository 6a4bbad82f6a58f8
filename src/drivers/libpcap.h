/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap, of which one driver needs these. */
#ifndef NETHOOD_DRIVERS_LIBPCAP_H
#define NETHOOD_DRIVERS_LIBPCAP_H

#include <pcap/pcap.h>

struct libpcap {
	void *handle; /* NULL: not loaded */
	pcap_t *(*fopen_offline)(FILE *file, u_int precision, char *errbuf);
	pcap_t *(*open_dead)(int linktype, int snaplen, u_int precision);
	void (*close)(pcap_t *p);
	int (*datalink)(pcap_t *p);
	int (*next_ex)(pcap_t *p, struct pcap_pkthdr **header, const u_char **data);
	char *(*geterr)(pcap_t *p);
	pcap_dumper_t *(*dump_fopen)(pcap_t *p, FILE *file);
	void (*dump)(u_char *dumper, const struct pcap_pkthdr *header, const u_char *data);
	int (*dump_flush)(pcap_dumper_t *dumper);
	void (*dump_close)(pcap_dumper_t *dumper);
};

/** libpcap_load() - Return: 0; -ELIBACC: it is not installed, or lacks something */
int libpcap_load(struct libpcap *lib);
void libpcap_unload(struct libpcap *lib);

#endif
