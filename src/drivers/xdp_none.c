// SPDX-License-Identifier: BSD-2-Clause
/* In place of xdp_host.c and xdp_prog.c where there is no libxdp: recordings of such devices can be replayed, no more. */
#include "drivers/xdp_host.h"

const struct xdp_host_ops *const xdp_host_ops = NULL;
