/* SPDX-License-Identifier: BSD-2-Clause */
/* A net that runs: made from NET OPTIONS, with its devices, its host's side and the programs on it. */
#ifndef NETHOOD_MACHINE_H
#define NETHOOD_MACHINE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bypass.h"
#include "host.h"
#include "netopt.h"
#include "supervisor.h"

struct capture;

struct machine {
	const struct netopt *o;
	const char *name;
	struct host host;
	struct bypass bypass;
	struct nethood_net *net;
	struct supervisor *sv;
	struct capture *capture;
	char *record_path; /**< absolute: where it is written at the end; NULL: nowhere */
	/* signals, and the program that is waited for */
	struct watch signals;               /**< signalfd; its owner is this */
	sigset_t mask_before;               /**< what programs begin with */
	pid_t child;                        /**< 0: none, or it ended */
	int status;                         /**< of the child, as a shell gives it */
	bool programs_gone;                 /**< no task of it is left */
	bool stop;                          /**< end now */
	void (*stopped)(struct machine *m); /**< asked by a signal to end, and no child is there; NULL: m->stop */
};

/** machine_start() - Return: 0, -errno after having said why; then nothing is left */
int machine_start(struct machine *m, const struct netopt *o, const char *name);
void machine_stop(struct machine *m);
/** machine_leave() - before machine_stop(), which then need not wait for the kernel to take down interfaces */
void machine_leave(struct machine *m);
/** machine_run() - run a program on the net until it and all that it began have ended; @proc: it sees the net in /proc, too.
 *  Return: its exit status */
int machine_run(struct machine *m, char *const *argv, bool proc);
/** machine_batches() - the lines of --batch.  Return: 0, -1 after having said why */
int machine_batches(struct machine *m);

#endif
