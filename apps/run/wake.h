/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETHOOD_RUN_WAKE_H
#define NETHOOD_RUN_WAKE_H

#include <sys/types.h>

/** wake_listeners() - the net of program @pid is gone: who waits for connections, of it or its children, learns it */
void wake_listeners(pid_t pid);

#endif
