// SPDX-License-Identifier: BSD-2-Clause
/* libpcap is loaded with the first capture file.
 *
 * @step S13 of S13, to a file
 *
 * It brings some ten other libraries (of D-Bus, of systemd, of cryptography), for which each start of a program would wait
 * a millisecond, and few programs open capture files.
 */
#include "drivers/libpcap.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/types.h"

static const char *const names[] = { "libpcap.so.1", "libpcap.so.0.8" /* Debian's */ };

static const struct {
	size_t at;
	const char *name;
} symbols[] = {
	{ offsetof(struct libpcap, fopen_offline), "pcap_fopen_offline_with_tstamp_precision" },
	{ offsetof(struct libpcap, open_dead), "pcap_open_dead_with_tstamp_precision" },
	{ offsetof(struct libpcap, close), "pcap_close" },
	{ offsetof(struct libpcap, datalink), "pcap_datalink" },
	{ offsetof(struct libpcap, next_ex), "pcap_next_ex" },
	{ offsetof(struct libpcap, geterr), "pcap_geterr" },
	{ offsetof(struct libpcap, dump_fopen), "pcap_dump_fopen" },
	{ offsetof(struct libpcap, dump), "pcap_dump" },
	{ offsetof(struct libpcap, dump_flush), "pcap_dump_flush" },
	{ offsetof(struct libpcap, dump_close), "pcap_dump_close" },
};

int libpcap_load(struct libpcap *lib)
{
	for (size_t i = 0; i < ARRAY_SIZE(names) && !lib->handle; i++)
		lib->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *fn = lib->handle ? dlsym(lib->handle, symbols[i].name) : NULL;

		if (!fn) {
			libpcap_unload(lib);
			return -ELIBACC;
		}
		memcpy((u8 *)lib + symbols[i].at, &fn, sizeof(fn));
	}
	return 0;
}

void libpcap_unload(struct libpcap *lib)
{
	if (lib->handle)
		dlclose(lib->handle);
	lib->handle = NULL;
}
