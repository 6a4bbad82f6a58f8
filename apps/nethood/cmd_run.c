// SPDX-License-Identifier: BSD-2-Clause
/* nethood run: a private net, a program on it, gone when the program and its children are. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "machine.h"
#include "spawn.h"

int cmd_run(int argc, char **argv)
{
	static struct netopt o;
	static struct machine m;
	char name[32];
	int first, status;

	netopt_init(&o);
	if (cli_parse(netopt_table, &o, argc, argv, &first))
		return EXIT_USAGE;
	if (first >= argc) {
		cli_error("run", "which program? nethood run [NET OPTIONS] [--] CMD [ARG...]");
		return EXIT_USAGE;
	}
	if (netopt_finish(&o))
		return EXIT_USAGE;
	snprintf(name, sizeof(name), "run-%d", (int)getpid());
	if (machine_start(&m, &o, name))
		return EXIT_NETHOOD;
	status = machine_batches(&m) ? EXIT_NETHOOD : machine_run(&m, argv + first, o.proc);
	machine_leave(&m);
	machine_stop(&m);
	return status;
}
