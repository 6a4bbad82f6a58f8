// SPDX-License-Identifier: BSD-2-Clause
/* A net that runs.
 *
 * Reading order: machine_start(); machine_run(), signal_event().
 */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "capture.h"
#include "netconf.h"
#include "outside.h"
#include "record_file.h"
#include "spawn.h"

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* ---- signals */

/* Programs whose parents ended are children of this process, so it may look into them, and counts them. */
static void reap(struct machine *m)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != m->child)
			continue;
		m->status = spawn_status(status);
		m->child = 0;
	}
}

/* Programs that outlived the one that was run. */
static unsigned signal_children(int signo)
{
	char path[64];
	unsigned count = 0;
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		kill(pid, signo);
		count++;
	}
	if (f)
		fclose(f);
	return count;
}

/* What a terminal sends, it sends to the program as well.  What was sent to us alone is meant for the program. */
static void pass_on(struct machine *m, const struct signalfd_siginfo *si)
{
	if (m->child) {
		if (si->ssi_code != SI_KERNEL)
			kill(m->child, (int)si->ssi_signo);
		return;
	}
	if (m->stopped)
		m->stopped(m);
	else if (!signal_children((int)si->ssi_signo))
		m->stop = true;
}

static void signal_event(struct watch *w, uint32_t events)
{
	struct machine *m = container_of(w, struct machine, signals);
	struct signalfd_siginfo si;

	(void)events;
	while (read(w->fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(m);
		else
			pass_on(m, &si);
	}
}

static int watch_signals(struct machine *m)
{
	static const int signals[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set, pipe;
	int fd, err;

	/* Blocked, not ignored: programs would inherit that. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &m->mask_before);
	sigprocmask(SIG_BLOCK, &pipe, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	err = loop_add(supervisor_loop(m->sv), &m->signals, fd, EPOLLIN, signal_event);
	if (err)
		close(fd);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return err;
}

/* ---- the net */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void say(void *ctx, const char *line)
{
	const struct machine *m = ctx;

	cli_error(m->name, line);
}

static int create_net(struct machine *m)
{
	struct nethood_config cfg = {
		.hostname = m->name,
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.wall_ns = clock_ns(CLOCK_REALTIME),
		.profile = m->o->profile,
		.log = say,
		.log_ctx = m,
		.record_bytes = (size_t)m->o->record_mib << 20,
	};
	int err;

	if (getrandom(cfg.random_key, sizeof(cfg.random_key), 0) != (ssize_t)sizeof(cfg.random_key)) {
		cli_errorf(m->name, "no randomness (getrandom: %s); nothing else would do", strerror(errno));
		return -EIO;
	}
	err = nethood_create(&cfg, &m->net);
	if (!err)
		err = supervisor_create(m->net, geteuid(), &m->sv);
	if (!err)
		supervisor_bypass(m->sv, &m->bypass);
	if (err)
		cli_error(m->name, strerror(-err));
	return err;
}

/* The directory that it is relative to may be left before the end. */
static int find_record_path(struct machine *m)
{
	const char *file = m->o->record;
	char here[PATH_MAX] = "";
	size_t bytes;

	if (!file)
		return 0;
	if (*file != '/' && !getcwd(here, sizeof(here))) {
		cli_error(file, strerror(errno));
		return -errno;
	}
	bytes = strlen(here) + strlen(file) + 2;
	m->record_path = malloc(bytes);
	if (!m->record_path)
		return -ENOMEM;
	snprintf(m->record_path, bytes, "%s%s%s", here, *here ? "/" : "", file);
	return 0;
}

static void write_record(struct machine *m)
{
	int err = m->record_path && m->net ? record_save(m->net, m->record_path) : 0;

	if (err)
		cli_error(m->record_path, strerror(-err));
	free(m->record_path);
	m->record_path = NULL;
}

static void idle(void *ctx)
{
	capture_flush(ctx);
}

static int open_capture(struct machine *m)
{
	int err;

	if (!m->o->pcap)
		return 0;
	err = capture_open(m->net, m->o->pcap, clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC), &m->capture);
	if (err)
		cli_error(m->o->pcap, strerror(-err));
	else
		supervisor_on_idle(m->sv, idle, m->capture);
	return err;
}

static int set_sysctl(struct machine *m, const struct netopt_sysctl *s, bool may_be_missing)
{
	int err = nethood_sysctl_set(m->net, s->key, s->value);

	if (err == -ENOENT && may_be_missing)
		return 0;
	if (err == -ENOENT)
		cli_error(s->key, "there is no such sysctl; see nethood sysctl NAME -a");
	else if (err)
		cli_errorf(s->key, "'%s': %s", s->value, strerror(-err));
	return err;
}

/* Defaults must be there before the devices that take them over; what is a device's own, only after. */
static int set_sysctls(struct machine *m, bool may_be_missing)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < m->o->sysctls; i++)
		err = set_sysctl(m, &m->o->sysctl[i], may_be_missing);
	return err;
}

static int open_devs(struct machine *m)
{
	for (uint32_t i = 0; i < m->o->devs; i++) {
		struct nethood_dev *dev;
		int err = host_open_dev(&m->host, m->o, i, m->net, &dev);

		if (!err)
			err = supervisor_add_dev(m->sv, dev);
		if (err)
			return err;
	}
	return host_configure(&m->host, m->o);
}

/* ---- addresses and routes */

static int ifindex_of(const struct machine *m, const char *name)
{
	struct nethood_dev *dev = nethood_dev_find(m->net, *name ? name : m->o->dev[0].name);

	return dev ? nethood_dev_ifindex(dev) : 0;
}

/* Is the host's end of the cable ours as well?  Then nobody else can be on it. */
static bool made_here(const struct machine *m, const char *name)
{
	for (uint32_t i = 0; i < m->o->devs; i++) {
		if (!strcmp(m->o->dev[i].name, *name ? name : m->o->dev[0].name))
			return m->host.made[i];
	}
	return false;
}

static int add_addr(const struct machine *m, struct netconf *nc, const struct netopt_addr *a)
{
	char text[INET6_ADDRSTRLEN];
	int err;

	if (a->kind != NETOPT_ADDR_FIXED)
		return 0;
	err = netconf_addr_add(nc, ifindex_of(m, a->dev), &a->addr, a->prefix_bits, made_here(m, a->dev));
	if (err && a->by_default)
		return 0;
	if (err)
		cli_errorf("--addr", "%s/%u: %s", netaddr_text(&a->addr, text), a->prefix_bits, nc->why);
	return err;
}

static int add_route(const struct machine *m, struct netconf *nc, const struct netopt_route *r)
{
	int err = netconf_route_add(nc, &r->dst, r->prefix_bits, &r->gateway, *r->dev ? ifindex_of(m, r->dev) : 0);
	char text[INET6_ADDRSTRLEN];

	if (err && r->by_default)
		return 0;
	if (err)
		cli_errorf("--route", "via %s: %s", netaddr_text(&r->gateway, text), nc->why);
	return err;
}

static int configure(struct machine *m)
{
	const struct netaddr loopback = netaddr_v4(INADDR_LOOPBACK);
	struct netconf nc;
	int err = netconf_open(&nc, m->net);

	if (!err)
		err = netconf_link_up(&nc, ifindex_of(m, "lo"));
	if (!err && netconf_addr_add(&nc, ifindex_of(m, "lo"), &loopback, 8, false) == -ENOMEM)
		err = -ENOMEM; /* that the net gave it itself is no error */
	for (uint32_t i = 0; !err && i < m->o->devs; i++)
		err = netconf_link_up(&nc, ifindex_of(m, m->o->dev[i].name));
	if (err)
		cli_error(m->name, nc.why);
	for (uint32_t i = 0; !err && i < m->o->addrs; i++)
		err = add_addr(m, &nc, &m->o->addr[i]);
	if (!err)
		err = outside_get(m); /* routes may lead through what comes from there */
	for (uint32_t i = 0; !err && i < m->o->routes; i++)
		err = add_route(m, &nc, &m->o->route[i]);
	netconf_close(&nc);
	return err;
}

/* ---- life */

static int pass_by(struct machine *m)
{
	int err = 0;

	m->bypass.fd = -1;
	for (uint32_t i = 0; !err && i < m->o->bypasses; i++)
		err = bypass_add(&m->bypass, &m->o->bypass[i].addr, m->o->bypass[i].prefix_bits);
	if (!err)
		err = bypass_start(&m->bypass);
	if (err)
		cli_error("--bypass", strerror(-err));
	return err;
}

int machine_start(struct machine *m, const struct netopt *o, const char *name)
{
	int err;

	memset(m, 0, sizeof(*m));
	m->o = o;
	m->name = name;
	m->signals.fd = -1;
	m->host.home_fd = -1;
	err = pass_by(m); /* before another namespace is entered */
	if (!err)
		err = host_enter(&m->host, o);
	if (!err)
		err = find_record_path(m);
	if (!err)
		err = create_net(m);
	if (!err)
		err = watch_signals(m);
	if (!err)
		err = open_capture(m);
	if (!err)
		err = set_sysctls(m, true);
	if (!err)
		err = open_devs(m);
	if (!err)
		err = set_sysctls(m, false);
	if (!err)
		err = configure(m);
	if (err)
		machine_stop(m);
	return err;
}

void machine_stop(struct machine *m)
{
	outside_release(m);
	if (m->signals.fd >= 0) {
		int fd = m->signals.fd;

		loop_del(supervisor_loop(m->sv), &m->signals);
		close(fd);
	}
	capture_close(m->capture);
	supervisor_destroy(m->sv);
	write_record(m);
	nethood_free(m->net);
	host_leave(&m->host);
	bypass_stop(&m->bypass);
	m->capture = NULL;
	m->sv = NULL;
	m->net = NULL;
}

/* The kernel takes ten milliseconds and more for the end of an interface.  The interface ends with the last copy of its
 * descriptor: that one a child keeps until this process has gone, so that nobody waits for it. */
void machine_leave(struct machine *m)
{
	int end[2];
	pid_t pid;
	char byte;

	outside_release(m); /* while the host's side is there */
	if (!host_forget(&m->host, m->o) || pipe2(end, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (!pid) {
		close_range(0, 2, 0);
		close(end[1]);
		setsid();
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(end[0]);
	if (pid < 0)
		close(end[1]);
	/* else it stays open as long as this process lives */
}

/* ---- programs */

static void gone(void *ctx)
{
	struct machine *m = ctx;

	m->programs_gone = true;
}

static int say_spawn_error(const struct machine *m, int err)
{
	if (err == -EPERM)
		cli_error(m->name, "may not look into programs: see Yama in nethood doctor");
	else if (err != -ECHILD) /* then the child has said it */
		cli_error(m->name, strerror(-err));
	return EXIT_NETHOOD;
}

/* What the program needs of us before it goes.  Return: 0, -errno: nothing of it is left */
static int serve_program(struct machine *m, struct spawned *s)
{
	bool mounted = s->sysctlfs >= 0;
	int err = mounted ? supervisor_add_sysctlfs(m->sv, s->sysctlfs) : 0;

	s->sysctlfs = -1;
	if (!err) {
		err = supervisor_add_listener(m->sv, s->listener, mounted, gone, m);
		s->listener = -1;
	}
	return err;
}

static const char *resolver_of(const struct machine *m, char text[static RESOLV_CONF_BYTES])
{
	outside_resolver(m, text, RESOLV_CONF_BYTES);
	return *text ? text : NULL;
}

int machine_run(struct machine *m, char *const *argv, bool proc)
{
	char resolv_conf[RESOLV_CONF_BYTES];
	const struct spawn_config cfg = {
		.argv = argv,
		.net_name = m->name,
		.netns_fd = -1,
		.new_userns = !m->host.privileged && !m->host.private_ns,
		.proc = proc,
		.resolv_conf = resolver_of(m, resolv_conf),
		.mask = &m->mask_before,
		.complain = cli_error,
	};
	struct spawned s;
	int err = spawn_prepare(&cfg, &s);

	if (err)
		return say_spawn_error(m, err);
	m->child = s.pid;
	m->programs_gone = false;
	err = serve_program(m, &s);
	if (err) {
		spawn_cancel(&s);
		m->child = 0;
		return say_spawn_error(m, err);
	}
	spawn_go(&s);
	while (!m->stop && (m->child || !m->programs_gone)) {
		err = supervisor_step(m->sv, UINT64_MAX);
		if (err)
			return say_spawn_error(m, err);
	}
	return m->status;
}

int machine_batches(struct machine *m)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < m->o->batches; i++)
		err = batch_run(m, m->o->batch[i]);
	return err ? -1 : 0;
}
