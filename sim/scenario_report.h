/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scenario's run has to say: as a table, as JSON, as a picture. */
#ifndef NETHOOD_SIM_SCENARIO_REPORT_H
#define NETHOOD_SIM_SCENARIO_REPORT_H

#include <stdio.h>

#include "scenario_run.h"

/** struct report_facts - what the run does not know of itself */
struct report_facts {
	const char *name; /**< of the scenario */
	u64 seed, wall_ns, rss_bytes;
	bool verbose;
};

void report_table(FILE *out, const struct run *r, const struct report_facts *facts);
void report_json(FILE *out, const struct run *r, const struct report_facts *facts);
/** report_picture() - SVG; the run was made with pictures */
void report_picture(FILE *out, const struct run *r, const struct report_facts *facts);

#endif
