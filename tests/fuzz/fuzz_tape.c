// SPDX-License-Identifier: BSD-2-Clause
/* Fuzz target: the simulator's tape of choices.  A small world is made out of the octets, and must end well. */
#include "choice.h"
#include "fuzz.h"
#include "swarm.h"

#define TAPE_MAX_BYTES 2048U /* so that a world is small: behind the end of the tape nothing special happens */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes)
{
	struct swarm_result result;
	struct choices c;

	if (size_bytes > TAPE_MAX_BYTES)
		return -1;
	choices_bytes(&c, data, size_bytes);
	if (!swarm_run(&c, NULL, &result))
		fuzz_fail("%s (%s)", result.broken, result.features);
	choices_end(&c);
	return 0;
}
