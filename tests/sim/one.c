// SPDX-License-Identifier: BSD-2-Clause
/* A world, its tape and its last words in memory that outlives it. */
#include "one.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAPE_ROOM (16U << 20)
#define WORDS_BYTES 65536

struct one {
	struct choices choices;
	struct swarm_result result;
	bool done;
	struct choice tape[TAPE_ROOM];
};

struct one *one_create(void)
{
	struct one *o =
		mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (o == MAP_FAILED)
		abort();
	return o;
}

void one_destroy(struct one *o)
{
	(void)munmap(o, sizeof(*o));
}

/* ------------------------------------------------------------------ how it died */

/** last_words() - the line that says why, of all that it wrote to its stderr: an assertion's or a sanitizer's */
static void last_words(FILE *err, int status, char *out, size_t room)
{
	static const char *const marks[] = { "Assertion", "ERROR: AddressSanitizer", "runtime error" };
	char line[512];

	(void)snprintf(out, room, "it died of signal %d, status %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	rewind(err);
	while (fgets(line, sizeof(line), err)) {
		for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
			const char *at = strstr(line, marks[i]);

			if (at) {
				(void)snprintf(out, room, "it died: %.*s", (int)strcspn(at, "\n"), at);
				return;
			}
		}
	}
}

static void in_child(struct one *o, const struct sim_watch *watch, FILE *err)
{
	(void)dup2(fileno(err), STDERR_FILENO);
	(void)swarm_run(&o->choices, watch, &o->result);
	o->done = true;
	(void)fflush(NULL);
	_exit(0);
}

/* The choices are set up; what it chooses is kept. */
static bool run(struct one *o, const struct sim_watch *watch, struct swarm_result *result)
{
	FILE *err = tmpfile();
	int status = 0;
	pid_t pid;

	if (!err)
		abort();
	o->done = false;
	memset(&o->result, 0, sizeof(o->result));
	(void)fflush(NULL);
	pid = fork();
	if (!pid)
		in_child(o, watch, err);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (!o->done)
		last_words(err, status, o->result.broken, sizeof(o->result.broken));
	(void)fclose(err);
	*result = o->result;
	return !result->broken[0];
}

bool one_run_seed(struct one *o, u64 seed, struct swarm_result *result, struct tape *tape)
{
	bool held;

	choices_seed(&o->choices, seed, tape != NULL);
	o->choices.tape = o->tape;
	o->choices.room = TAPE_ROOM;
	held = run(o, NULL, result);
	if (tape)
		tape_copy(tape, o->tape, o->choices.count);
	return held;
}

bool one_run_tape(struct one *o, const struct choice *choice, u32 count, const struct sim_watch *watch,
		  struct swarm_result *result)
{
	struct choices choices;
	bool held;

	choices_tape(&choices, choice, count);
	o->choices = choices;
	held = run(o, watch, result);
	choices_end(&choices);
	return held;
}
