/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and flags that linux/in6.h has and netinet/in.h has not; the two cannot stand together. */
#ifndef NETHOOD_SOCKET_IPV6_NAMES_H
#define NETHOOD_SOCKET_IPV6_NAMES_H

#include <netinet/in.h>

#define IPV6_FLOWINFO 11
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_FLOWINFO_SEND 33
#ifndef IPV6_RECVERR_RFC4884
#define IPV6_RECVERR_RFC4884 31
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_ROUTER_ALERT_ISOLATE
#define IPV6_ROUTER_ALERT_ISOLATE 30
#endif
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef IPV6_RECVORIGDSTADDR
#define IPV6_RECVORIGDSTADDR IPV6_ORIGDSTADDR
#endif

/* RFC 5014: IPV6_ADDR_PREFERENCES */
#define IPV6_PREF_SRC_TMP 0x0001
#define IPV6_PREF_SRC_PUBLIC 0x0002
#define IPV6_PREF_SRC_COA 0x0004
#define IPV6_PREF_SRC_CGA 0x0008
#define IPV6_PREF_SRC_PUBTMP_DEFAULT 0x0100
#define IPV6_PREF_SRC_HOME 0x0400
#define IPV6_PREF_SRC_NONCGA 0x0800

#endif
