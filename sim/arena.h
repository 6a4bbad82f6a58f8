/* SPDX-License-Identifier: BSD-2-Clause */
/* All memory of a net in one piece, so that the whole net can be put back to what it was.
 *
 * A net has no globals, asks nobody for the time, and takes its memory through nethood_allocator: whoever keeps these
 * octets keeps the net.  A save holds what differs from the base, some thousand octets, so there may be many of them.
 * Pointers stay what they are: a save can be put back into the arena that it comes from, and nowhere else.
 */
#ifndef NETHOOD_SIM_ARENA_H
#define NETHOOD_SIM_ARENA_H

#include "base/types.h"
#include "nethood/nethood.h"

struct arena;
struct arena_save;

/** arena_create() - room for @size_bytes; aborts without memory */
struct arena *arena_create(size_t size_bytes);
void arena_destroy(struct arena *a);
/** arena_allocator() - hands out its memory; what does not fit is NULL */
struct nethood_allocator arena_allocator(struct arena *a);
/** arena_base() - what is there now is what saves are told from; those from before are void */
void arena_base(struct arena *a);
/** arena_save() - returned; free(3) ends it */
struct arena_save *arena_save(struct arena *a);
/** arena_restore() - all is as it was; NULL: as at arena_base() */
void arena_restore(struct arena *a, const struct arena_save *save);
/** arena_used_bytes() - that were handed out at the most since arena_base() */
size_t arena_used_bytes(const struct arena *a);
/** arena_save_bytes() - that a save takes */
size_t arena_save_bytes(const struct arena_save *save);

#endif
