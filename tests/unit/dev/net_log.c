// SPDX-License-Identifier: BSD-2-Clause
/* net_log() for tests of the lower layers, which must not need net.c and all that it joins. */
#include <stdarg.h>
#include <stdio.h>

#include "net.h"

void net_log(struct net *net, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!net->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	net->log(net->log_ctx, line);
}
