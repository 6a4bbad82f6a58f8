// SPDX-License-Identifier: BSD-2-Clause
/* The command nethood.  Reading order: commands[]; then cmd_*.c. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "version.h"

static const struct command {
	const char *name, *words, *says;
	int (*fn)(int argc, char **argv);
} commands[] = {
	{ "run", "[NET OPTIONS] [--] CMD [ARG...]", "a private net, CMD on it, gone when CMD and its children are",
	  cmd_run },
	{ "up", "NAME [NET OPTIONS]", "a net that stays, in the background; returns when it is ready", cmd_up },
	{ "exec", "NAME [--proc] [--] CMD [ARG...]", "CMD on a net that is up", cmd_exec },
	{ "down", "NAME [-f]", "end it; waits until it is gone.  -f: programs on it lose their net", cmd_down },
	{ "ls", "[-j]", "the nets that are up", cmd_ls },
	{ "sysctl", "NAME [-j] [-w] KEY[=VALUE]... | -a", "read and write what sysctl(8) names; -a: all", cmd_sysctl },
	{ "drops", "NAME [-f] [-j]", "packets dropped, by reason and place; -f follows", cmd_drops },
	{ "neigh", "NAME [-j] why ADDRESS [dev DEV]", "what changed a neighbour, when, and because of what",
	  cmd_neigh },
	{ "proc", "NAME [-j] [FILE...]", "files like net/arp, as programs see them under --proc", cmd_proc },
	{ "path", "[-j]", "the send path as it ran for one simulated packet: S1..S13", cmd_path },
	{ "sim", "[SCENARIO [SIM OPTIONS]]",
	  "many hosts in virtual time, as a file describes them; alone: which there are", cmd_sim },
	{ "record", "NAME FILE", "what a net that is up has recorded: all that came to it", cmd_record },
	{ "replay", "FILE [-v] [-j] [--pcap OUT] ...", "a recording again, in virtual time: the same, hop by hop?",
	  cmd_replay },
	{ "doctor", "[-j]", "what this machine can do, and what to do about the rest", cmd_doctor },
};

static const char net_options[] =
	"NET OPTIONS\n"
	"  --dev NAME=DRIVER:ARG[,mtu=N][,lladdr=MAC][,queues=N][,offload=on|off]   repeatable\n"
	"        tap:[IFNAME]    IFNAME is made on the host's side, or attached to if it exists; checksums and trains of\n"
	"                        segments are left to the host unless offload=off\n"
	"        packet:IFNAME   AF_PACKET on an existing interface\n"
	"        xdp:IFNAME      AF_XDP on an existing interface, which the host then gets no frames of; its queues are\n"
	"                        all taken, or the first N\n"
	"        unix:PATH       stream socket in QEMU's framing (passt, QEMU)\n"
	"        pcap:IN[,OUT]   frames from a file, frames to a file\n"
	"        fd:N            an inherited TAP or stream socket\n"
	"  --addr PREFIX[%DEV]                      like 10.77.0.2/24 or fd77::2/64; repeatable\n"
	"         link-local[%DEV]                  one of 169.254/16 that is free; with --dhcp: while no server answers\n"
	"         by-arp[,icmp-length=N][,port=N][,prefix=N][,timeout=S][%DEV]\n"
	"                                           that which a peer with a static ARP entry sends an echo request of\n"
	"                                           this length to (436: ping -s 408), or a packet to this port\n"
	"  --dhcp[=DEV]                             address, routes and resolver by DHCPv4; released at the end; repeatable\n"
	"  --route 'PREFIX via GATEWAY [dev DEV]'   PREFIX may be default; repeatable\n"
	"  --host-addr PREFIX                       for the host's side of a tap that nethood makes\n"
	"  --sysctl KEY=VALUE                       repeatable\n"
	"  --batch FILE                             lines for ip(8), run on the net before CMD; repeatable\n"
	"  --bypass PREFIX                          programs reach these destinations by the host's own stack; repeatable\n"
	"  --profile linux|strict                   as the kernel does, or as the RFCs say\n"
	"  --pcap FILE                              all frames from the first one on, as pcapng\n"
	"  --record FILE                            when the net ends, what was recorded of it\n"
	"  --record-mib N                           size of the flight recorder's ring; 0: none; up has one of 4, run only\n"
	"                                           with --record, of 64\n"
	"  --proc                                   of run and exec: CMD sees the net in /proc/net and /proc/sys/net\n"
	"Without --dev: eth0=tap:; without --addr and --dhcp, too, 10.77.0.2/24 and fd77::2/64 inside, 10.77.0.1/24 and\n"
	"fd77::1/64 on the host's side\n"
	"and a default route; for who may not make network devices, all that in a user namespace of its own.\n"
	"replay: -v all calls, frames and hops; --events only what is in the file; --pcap OUT frames as pcapng;\n"
	"        --until EVENT; --gdb [--at EVENT] under gdb, which stops before it.  Status 1: it was not the same.\n"
	"down refuses while programs are on the net; with -f they stay, and their sockets are closed.\n";

static const char sim_options[] =
	"SIM OPTIONS\n"
	"  --seed N              of all that is random: same seed, same run      --hosts N        is --set hosts=N\n"
	"  --set NAME=VALUE      a variable of the scenario; repeatable          --until S        no longer, in virtual seconds\n"
	"  --profile linux|strict  of hosts that do not say theirs               -j               JSON, with all numbers over time\n"
	"  --svg FILE            a picture of what happened over time            --pcap FILE      all frames, as pcapng\n"
	"  -v                    tell what is done and logged; events, time, hash of the trace\n"
	"  --words               the reference of scenario files (docs/SCENARIOS.md)\n"
	"SCENARIO is a file, or the name of a shipped one.  The status is 1 if an expectation of it does not hold.\n";

static void usage(FILE *out)
{
	fprintf(out, "usage: nethood COMMAND [...]\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-7s %-37s %s\n", commands[i].name, commands[i].words, commands[i].says);
	fputs(net_options, out);
	fputs(sim_options, out);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, word))
			return commands[i].fn(argc - 2, argv + 2);
	}
	if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		usage(stdout);
		return EXIT_GOOD;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		puts("nethood " NETHOOD_VERSION);
		return EXIT_GOOD;
	}
	cli_error(word, "unknown command; see nethood help");
	return EXIT_USAGE;
}
