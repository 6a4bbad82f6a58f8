/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of lines for ip(8), run on a net. */
#ifndef NETHOOD_BATCH_H
#define NETHOOD_BATCH_H

#include "machine.h"

/** batch_run() - all lines of @name, until one fails.  Return: 0, -errno after having said which */
int batch_run(struct machine *m, const char *name);

#endif
