// SPDX-License-Identifier: BSD-2-Clause
/* Sysctls of the network namespace that the script's commands have set: read when the first socket is made, and what a script
 * has changed since when it makes another one. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "pd.h"

#define SYSCTL_DIR "/proc/sys/net"
#define KEY_BYTES (NAME_MAX + 64)
#define VALUE_BYTES 4096

/** struct wanted - what a script about TCP, UDP or the path MTU may want to have been set */
struct wanted {
	const char *dir;
	const char *names[12]; /**< how they begin */
};

static const struct wanted wanted[] = {
	{ "ipv4",
	  { "tcp_", "udp_", "icmp_", "ip_default_ttl", "ip_no_pmtu_disc", "ip_local_port_range", "ip_nonlocal_bind" } },
	{ "ipv4/route", { "min_pmtu", "mtu_expires", "min_adv_mss" } },
	{ "ipv6",
	  { "auto_flowlabels", "bindv6only", "flowlabel_", "icmp", "idgen_", "ip_nonlocal_bind", "max_dst_opts_",
	    "max_hbh_" } },
	{ "ipv6/route", { "mtu_expires", "min_adv_mss" } },
	{ "ipv6/conf/default", { "hop_limit" } },
};

/** struct pd_sysctl - one that was read */
struct pd_sysctl {
	TAILQ_ENTRY(pd_sysctl) node;
	char text[]; /**< name, NUL, value */
};

static bool is_wanted(const struct wanted *w, const char *name)
{
	for (const char *const *begin = w->names; *begin; begin++) {
		if (!strncmp(name, *begin, strlen(*begin)))
			return true;
	}
	return false;
}

/* @key: ipv4/tcp_sack */
static bool read_value(const char *key, char value[static VALUE_BYTES])
{
	char path[sizeof(SYSCTL_DIR) + KEY_BYTES + 1];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSCTL_DIR "/%s", key);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, value, VALUE_BYTES - 1);
	syscall(SYS_close, fd); /* not the shim's, which would ask us */
	if (n <= 0)
		return false;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return true;
}

/* A key of zeros is none: the kernel draws one. */
static bool is_no_key(const char *key, const char *value)
{
	return !strcmp(key, "ipv4/tcp_fastopen_key") && strspn(value, "0-, ") == strlen(value);
}

/* Return: false: it is as it was */
static bool is_news(struct pd *pd, const char *name, const char *value)
{
	struct pd_sysctl *s;

	TAILQ_FOREACH(s, &pd->sysctls, node) {
		if (!strcmp(s->text, name))
			break;
	}
	if (s && !strcmp(s->text + strlen(name) + 1, value))
		return false;
	if (s) {
		TAILQ_REMOVE(&pd->sysctls, s, node);
		free(s);
	}
	s = malloc(sizeof(*s) + strlen(name) + strlen(value) + 2);
	if (s) { /* else it is set again, next time */
		memcpy(mempcpy(s->text, name, strlen(name) + 1), value, strlen(value) + 1);
		TAILQ_INSERT_TAIL(&pd->sysctls, s, node);
	}
	return true;
}

static void apply(struct pd *pd, const char *dir, const char *name)
{
	char file[KEY_BYTES], key[KEY_BYTES + 4], value[VALUE_BYTES];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	if (!read_value(file, value) || is_no_key(file, value) || !is_news(pd, file, value))
		return;
	snprintf(key, sizeof(key), "net/%s", file);
	for (char *p = key; (p = strchr(p, '/')); p++)
		*p = '.';
	nethood_sysctl_set(pd->net, key, value); /* what the net does not know, or cannot be, is left as it is */
}

static void apply_dir(struct pd *pd, const struct wanted *w)
{
	char path[64];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), SYSCTL_DIR "/%s", w->dir);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && is_wanted(w, entry->d_name))
			apply(pd, w->dir, entry->d_name);
	}
	closedir(dir);
}

void pd_sysctls(struct pd *pd)
{
	apply(pd, "ipv4", "tcp_allowed_congestion_control"); /* before the one that is chosen */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		apply_dir(pd, &wanted[i]);
}

void pd_sysctls_forget(struct pd *pd)
{
	while (!TAILQ_EMPTY(&pd->sysctls)) {
		struct pd_sysctl *s = TAILQ_FIRST(&pd->sysctls);

		TAILQ_REMOVE(&pd->sysctls, s, node);
		free(s);
	}
}
