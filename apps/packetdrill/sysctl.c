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

#define SYSCTL_DIR "/proc/sys/net/ipv4"
#define VALUE_BYTES 4096

/* tcp_*, and what else a script about TCP, UDP or the path MTU may want to have been set. */
static const char *const wanted[] = {
	"tcp_", "udp_", "icmp_", "ip_default_ttl", "ip_no_pmtu_disc", "ip_local_port_range", "ip_nonlocal_bind"
};
static const char *const of_routes[] = { "route/min_pmtu", "route/mtu_expires", "route/min_adv_mss" };

/** struct pd_sysctl - one that was read */
struct pd_sysctl {
	TAILQ_ENTRY(pd_sysctl) node;
	char text[]; /**< name, NUL, value */
};

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!strncmp(name, wanted[i], strlen(wanted[i])))
			return true;
	}
	return false;
}

static bool read_value(const char *name, char value[static VALUE_BYTES])
{
	char path[sizeof(SYSCTL_DIR) + NAME_MAX + 2];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSCTL_DIR "/%s", name);
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
static bool is_no_key(const char *name, const char *value)
{
	return !strcmp(name, "tcp_fastopen_key") && strspn(value, "0-, ") == strlen(value);
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

static void apply(struct pd *pd, const char *name)
{
	char key[NAME_MAX + 16], value[VALUE_BYTES];

	if (!read_value(name, value) || is_no_key(name, value) || !is_news(pd, name, value))
		return;
	snprintf(key, sizeof(key), "net/ipv4/%s", name);
	for (char *p = key; (p = strchr(p, '/')); p++)
		*p = '.';
	nethood_sysctl_set(pd->net, key, value); /* what the net does not know, or cannot be, is left as it is */
}

void pd_sysctls(struct pd *pd)
{
	const struct dirent *entry;
	DIR *dir = opendir(SYSCTL_DIR);

	if (!dir)
		return;
	apply(pd, "tcp_allowed_congestion_control"); /* before the one that is chosen */
	while ((entry = readdir(dir))) {
		if (is_wanted(entry->d_name))
			apply(pd, entry->d_name);
	}
	closedir(dir);
	for (size_t i = 0; i < sizeof(of_routes) / sizeof(*of_routes); i++)
		apply(pd, of_routes[i]);
}

void pd_sysctls_forget(struct pd *pd)
{
	while (!TAILQ_EMPTY(&pd->sysctls)) {
		struct pd_sysctl *s = TAILQ_FIRST(&pd->sysctls);

		TAILQ_REMOVE(&pd->sysctls, s, node);
		free(s);
	}
}
