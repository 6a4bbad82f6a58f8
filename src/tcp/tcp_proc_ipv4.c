// SPDX-License-Identifier: BSD-2-Clause
/* TCP in /proc/net/tcp, snmp, netstat and sockstat, as netstat(8), nstat(8) and ss(8) read them.
 *
 * @rfc 4022   @linux tcp4_seq_show, netstat_seq_show, sockstat_seq_show
 *
 * Every counter that Linux names is there, in its order; of what does not exist here (backlogs of a socket that somebody
 * else has locked, signatures) there is never any.
 */
#include "tcp/tcp_proc_ipv4.h"

#include "base/byteorder.h"
#include "socket/netns_sock.h"
#include "tcp/tcp.h"

#define PAGE_BYTES 4096U
#define ROW_WIDTH 149
#define TICK_NS (10 * NSEC_PER_MSEC) /* of times in /proc */

/* ------------------------------------------------------------------ counters */

/* clang-format off */
/* X: counted in struct tcp_mib; A: IPv4's; Z: nothing here can count it. */
#define TCP_EXT_LINE(X, A, Z) \
	X(SyncookiesSent) X(SyncookiesRecv) X(SyncookiesFailed) X(EmbryonicRsts) X(PruneCalled) X(RcvPruned) \
	X(OfoPruned) X(OutOfWindowIcmps) Z(LockDroppedIcmps) A(ArpFilter) X(TW) X(TWRecycled) X(TWKilled) \
	X(PAWSActive) X(PAWSEstab) X(BeyondWindow) X(TSEcrRejected) X(PAWSOldAck) X(PAWSTimewait) X(DelayedACKs) \
	Z(DelayedACKLocked) X(DelayedACKLost) X(ListenOverflows) X(ListenDrops) X(TCPHPHits) X(TCPPureAcks) \
	X(TCPHPAcks) X(TCPRenoRecovery) X(TCPSackRecovery) X(TCPSACKReneging) X(TCPSACKReorder) X(TCPRenoReorder) \
	X(TCPTSReorder) X(TCPFullUndo) X(TCPPartialUndo) X(TCPDSACKUndo) X(TCPLossUndo) X(TCPLostRetransmit) \
	X(TCPRenoFailures) X(TCPSackFailures) X(TCPLossFailures) X(TCPFastRetrans) X(TCPSlowStartRetrans) \
	X(TCPTimeouts) X(TCPLossProbes) X(TCPLossProbeRecovery) X(TCPRenoRecoveryFail) X(TCPSackRecoveryFail) \
	X(TCPRcvCollapsed) Z(TCPBacklogCoalesce) X(TCPDSACKOldSent) X(TCPDSACKOfoSent) X(TCPDSACKRecv) \
	X(TCPDSACKOfoRecv) X(TCPAbortOnData) X(TCPAbortOnClose) X(TCPAbortOnMemory) X(TCPAbortOnTimeout) \
	X(TCPAbortOnLinger) X(TCPAbortFailed) X(TCPMemoryPressures) X(TCPMemoryPressuresChrono) X(TCPSACKDiscard) \
	X(TCPDSACKIgnoredOld) X(TCPDSACKIgnoredNoUndo) X(TCPSpuriousRTOs) Z(TCPMD5NotFound) Z(TCPMD5Unexpected) \
	Z(TCPMD5Failure) X(TCPSackShifted) X(TCPSackMerged) X(TCPSackShiftFallback) Z(TCPBacklogDrop) \
	Z(PFMemallocDrop) X(TCPMinTTLDrop) X(TCPDeferAcceptDrop) A(IPReversePathFilter) X(TCPTimeWaitOverflow) \
	X(TCPReqQFullDoCookies) X(TCPReqQFullDrop) X(TCPRetransFail) X(TCPRcvCoalesce) X(TCPOFOQueue) \
	X(TCPOFODrop) X(TCPOFOMerge) X(TCPChallengeACK) X(TCPSYNChallenge) X(TCPFastOpenActive) \
	X(TCPFastOpenActiveFail) X(TCPFastOpenPassive) X(TCPFastOpenPassiveFail) X(TCPFastOpenListenOverflow) \
	X(TCPFastOpenCookieReqd) X(TCPFastOpenBlackhole) X(TCPSpuriousRtxHostQueues) Z(BusyPollRxPackets) \
	X(TCPAutoCorking) X(TCPFromZeroWindowAdv) X(TCPToZeroWindowAdv) X(TCPWantZeroWindowAdv) X(TCPSynRetrans) \
	X(TCPOrigDataSent) X(TCPHystartTrainDetect) X(TCPHystartTrainCwnd) X(TCPHystartDelayDetect) \
	X(TCPHystartDelayCwnd) X(TCPACKSkippedSynRecv) X(TCPACKSkippedPAWS) X(TCPACKSkippedSeq) \
	X(TCPACKSkippedFinWait2) X(TCPACKSkippedTimeWait) X(TCPACKSkippedChallenge) X(TCPWinProbe) X(TCPKeepAlive) \
	X(TCPMTUPFail) X(TCPMTUPSuccess) X(TCPDelivered) X(TCPDeliveredCE) X(TCPAckCompressed) \
	X(TCPZeroWindowDrop) X(TCPRcvQDrop) X(TCPWqueueTooBig) X(TCPFastOpenPassiveAltKey) X(TcpTimeoutRehash) \
	X(TcpDuplicateDataRehash) X(TCPDSACKRecvSegs) X(TCPDSACKIgnoredDubious) X(TCPMigrateReqSuccess) \
	X(TCPMigrateReqFailure) X(TCPPLBRehash) Z(TCPAORequired) Z(TCPAOBad) Z(TCPAOKeyNotFound) Z(TCPAOGood) \
	Z(TCPAODroppedIcmps)
/* clang-format on */

void netstat_seq_show_tcp(struct seq_file *m, struct net *net, u64 arp_filter, u64 rp_filter)
{
	static const char *const names[] = {
#define NAME(name_) #name_,
		TCP_EXT_LINE(NAME, NAME, NAME)
#undef NAME
	};
	const struct tcp_mib *mib = &net->tcp->mib;
	const u64 ArpFilter = arp_filter, IPReversePathFilter = rp_filter;
	const u64 values[] = {
#define COUNTED(name_) mib->name_,
#define OTHERS(name_) name_,
#define NEVER(name_) 0,
		TCP_EXT_LINE(COUNTED, OTHERS, NEVER)
#undef COUNTED
#undef OTHERS
#undef NEVER
	};

	seq_puts(m, "TcpExt:");
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		seq_printf(m, " %s", names[i]);
	seq_puts(m, "\nTcpExt:");
	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		seq_printf(m, " %llu", (unsigned long long)values[i]);
	seq_puts(m, "\n");
}

/* Of RFC 4022: how retransmission timeouts are reckoned (other, as Linux says), their bounds, no limit of connections. */
void snmp_seq_show_tcp(struct seq_file *m, struct net *net)
{
	const struct tcp_mib *mib = &net->tcp->mib;

	seq_puts(m,
		 "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab "
		 "InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n");
	seq_printf(m, "Tcp: 1 %llu %llu -1", (unsigned long long)(TCP_RTO_MIN / NSEC_PER_MSEC),
		   (unsigned long long)(TCP_RTO_MAX / NSEC_PER_MSEC));
	seq_printf(m, " %llu %llu %llu %llu %u", (unsigned long long)mib->ActiveOpens,
		   (unsigned long long)mib->PassiveOpens, (unsigned long long)mib->AttemptFails,
		   (unsigned long long)mib->EstabResets, net->tcp->established_count);
	seq_printf(m, " %llu %llu %llu %llu %llu %llu\n", (unsigned long long)mib->InSegs,
		   (unsigned long long)mib->OutSegs, (unsigned long long)mib->RetransSegs,
		   (unsigned long long)mib->InErrs, (unsigned long long)mib->OutRsts,
		   (unsigned long long)mib->InCsumErrors);
}

/* ------------------------------------------------------------------ how many */

static void count_conn(void *ctx, struct tcp_conn *c)
{
	*(u32 *)ctx += c->kind == TCP_CONN_SOCK;
}

static void count_listener(void *ctx, struct tcp_sock *tp)
{
	(void)tp;
	++*(u32 *)ctx;
}

/* inuse: in a table; alloc: all that exist, those as well that nobody has open any more. */
void sockstat_seq_show_tcp(struct seq_file *m, struct net *net)
{
	const struct tcp_net *tn = net->tcp;
	const struct sock *sk;
	u32 inuse = 0, alloc = tn->orphan_count;

	tcp_for_each_conn(net, count_conn, &inuse);
	tcp_for_each_listener(net, count_listener, &inuse);
	list_for_each_entry(sk, &net->sock->sockets, net_node)
		alloc += sk->type == SOCK_STREAM && sk->protocol == IPPROTO_TCP;
	seq_printf(m, "TCP: inuse %u orphan %u tw %u alloc %u mem %llu\n", inuse, tn->orphan_count, tn->timewait_count,
		   alloc, (unsigned long long)((tn->mem_bytes + PAGE_BYTES - 1) / PAGE_BYTES));
}

/* ------------------------------------------------------------------ /proc/net/tcp */

enum { TIMER_NONE, TIMER_RETRANS, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PROBE0 };

struct tcp_rows {
	struct seq_file *m;
	struct net *net;
	const struct tcp_proc_file *file;
	u32 slot;
};

/** struct tcp_row - what all of them have */
struct tcp_row {
	const struct tcp_conn *conn;
	u8 state, timer;
	u32 tx_queue, rx_queue;
	ktime_t expires; /**< with a timer */
};

static void row_begin(struct tcp_rows *rows, const struct tcp_row *r)
{
	ktime_t left = r->timer ? r->expires - rows->net->now : 0;

	if (rows->file->width)
		seq_setwidth(rows->m, rows->file->width);
	seq_printf(rows->m, "%4u: ", rows->slot++);
	rows->file->put_addr(rows->m, r->conn, &r->conn->rcv_saddr);
	seq_printf(rows->m, ":%04X ", r->conn->num);
	rows->file->put_addr(rows->m, r->conn, &r->conn->daddr);
	seq_printf(rows->m, ":%04X %02X %08X:%08X %02X:%08llX", be16_to_cpu(r->conn->dport), r->state, r->tx_queue,
		   r->rx_queue, r->timer, left > 0 ? (unsigned long long)(left / TICK_NS) : 0ULL);
}

static void row_end(const struct tcp_rows *rows)
{
	if (rows->file->width)
		seq_pad(rows->m);
	else
		seq_puts(rows->m, "\n");
}

static void row_timer(const struct tcp_sock *tp, struct tcp_row *r)
{
	if (tp->rtx_kind != TCP_RTX_NONE) {
		r->timer = tp->rtx_kind == TCP_RTX_PROBE0 ? TIMER_PROBE0 : TIMER_RETRANS;
		r->expires = tp->rtx_when;
	} else if (timer_pending(&tp->keepalive_timer)) {
		r->timer = TIMER_KEEPALIVE;
		r->expires = tp->keepalive_timer.expires;
	}
}

static void row_queues(const struct tcp_sock *tp, struct tcp_row *r)
{
	s32 unread = (s32)(tp->rcv_nxt - tp->copied_seq);

	r->tx_queue = tp->write_seq - tp->snd_una;
	r->rx_queue = tp->listener ? tp->listener->accept_count : unread > 0 ? (u32)unread : 0;
}

/* The threshold of slow start; a listener's: how many may wait with data of a Fast Open. */
static int row_ssthresh(const struct tcp_sock *tp)
{
	if (tp->listener)
		return (int)tp->listener->fastopen_max_qlen;
	return tcp_in_initial_slowstart(tp) ? -1 : (int)tp->snd_ssthresh;
}

static void row_sock(struct tcp_rows *rows, const struct tcp_sock *tp)
{
	const struct sock *sk = &tp->inet.sk;
	struct tcp_row r = { .conn = &tp->conn, .state = sk->state };

	row_timer(tp, &r);
	row_queues(tp, &r);
	row_begin(rows, &r);
	seq_printf(rows->m, " %08X %5u %8u %llu %u %016X", tp->retransmits, sk->portid_uid, tp->probes_out,
		   (unsigned long long)sk->cookie, sk->refcnt, 0U);
	seq_printf(rows->m, " %llu %llu %u %u %d", (unsigned long long)(tp->rto / TICK_NS),
		   (unsigned long long)(tp->ack.ato / TICK_NS), (u32)tp->ack.quick << 1 | tcp_in_pingpong(tp),
		   tp->snd_cwnd, row_ssthresh(tp));
	row_end(rows);
}

static void row_mini(struct tcp_rows *rows, const struct tcp_conn *c, u8 state, u8 timer, ktime_t expires, u32 retrans)
{
	struct tcp_row r = { .conn = c, .state = state, .timer = timer, .expires = expires };

	row_begin(rows, &r);
	seq_printf(rows->m, " %08X %5u %8u %u %u %016X", retrans, 0U, 0U, 0U, 0U, 0U);
	row_end(rows);
}

static void row_listener(void *ctx, struct tcp_sock *tp)
{
	struct tcp_rows *rows = ctx;

	if (!rows->m->err && tp->inet.sk.family == rows->file->family)
		row_sock(rows, tp);
}

static void row_conn(void *ctx, struct tcp_conn *c)
{
	struct tcp_rows *rows = ctx;
	const struct tcp_timewait_sock *tw;
	const struct tcp_request_sock *req;

	if (rows->m->err || c->sk_family != rows->file->family)
		return;
	switch (c->kind) {
	case TCP_CONN_SOCK:
		row_sock(rows, container_of(c, struct tcp_sock, conn));
		break;
	case TCP_CONN_REQUEST:
		req = container_of(c, struct tcp_request_sock, conn);
		row_mini(rows, c, TCP_SYN_RECV, TIMER_RETRANS, req->timer.expires, req->num_timeout);
		break;
	default:
		tw = container_of(c, struct tcp_timewait_sock, conn);
		row_mini(rows, c, tw->substate, TIMER_TIMEWAIT, tw->timer.expires, 0);
	}
}

static void put_addr4(struct seq_file *m, const struct tcp_conn *c, const union tcp_addr *a)
{
	(void)c;
	seq_printf(m, "%08X", (__force u32)a->v4);
}

void tcp4_seq_show(struct seq_file *m, struct net *net)
{
	static const struct tcp_proc_file tcp4_file = {
		AF_INET, ROW_WIDTH,
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		put_addr4
	};

	tcp_seq_show(m, net, &tcp4_file);
}

void tcp_seq_show(struct seq_file *m, struct net *net, const struct tcp_proc_file *file)
{
	struct tcp_rows rows = { m, net, file, 0 };

	if (file->width)
		seq_setwidth(m, file->width);
	seq_puts(m, file->header);
	row_end(&rows);
	tcp_for_each_listener(net, row_listener, &rows);
	tcp_for_each_conn(net, row_conn, &rows);
}
