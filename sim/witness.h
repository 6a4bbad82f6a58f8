/* SPDX-License-Identifier: BSD-2-Clause */
/* A listener that believes what it is told: its picture of the neighbours, made of notifications alone, must be the
 * dump's.
 */
#ifndef NETHOOD_SIM_WITNESS_H
#define NETHOOD_SIM_WITNESS_H

#include "world.h"

struct witness;

/** witness_create() - listens from now on; NULL: the net refused a socket */
struct witness *witness_create(struct sim_host *h);
/** witness_read() - what it was told since */
void witness_read(struct witness *wit);
/** witness_compare() - with a dump, now; sim_broken() says where they differ */
void witness_compare(struct witness *wit);
/** witness_destroy() - before its host's net goes; @wit may be NULL */
void witness_destroy(struct witness *wit);

#endif
