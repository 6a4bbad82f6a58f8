/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of TCP, under the names that nstat(8) shows.
 *
 * TCP_MIB_SNMP: RFC 4022, /proc/net/snmp; TCP_MIB_EXT: Linux's own, /proc/net/netstat.
 */
#ifndef NETHOOD_TCP_TCP_MIB_H
#define NETHOOD_TCP_TCP_MIB_H

#include "base/types.h"

/* clang-format off */
#define TCP_MIB_SNMP(X) \
	X(ActiveOpens) X(PassiveOpens) X(AttemptFails) X(EstabResets) X(InSegs) X(OutSegs) X(RetransSegs) X(InErrs) \
	X(OutRsts) X(InCsumErrors)

#define TCP_MIB_EXT(X) \
	X(SyncookiesSent) X(SyncookiesRecv) X(SyncookiesFailed) X(EmbryonicRsts) X(PruneCalled) X(RcvPruned) \
	X(OfoPruned) X(OutOfWindowIcmps) X(TW) X(TWRecycled) X(TWKilled) X(PAWSActive) X(PAWSEstab) \
	X(BeyondWindow) X(TSEcrRejected) X(PAWSOldAck) X(PAWSTimewait) X(DelayedACKs) X(DelayedACKLost) \
	X(ListenOverflows) X(ListenDrops) X(TCPHPHits) X(TCPPureAcks) X(TCPHPAcks) X(TCPRenoRecovery) \
	X(TCPSackRecovery) X(TCPSACKReneging) X(TCPSACKReorder) X(TCPRenoReorder) X(TCPTSReorder) \
	X(TCPFullUndo) X(TCPPartialUndo) X(TCPDSACKUndo) X(TCPLossUndo) X(TCPLostRetransmit) X(TCPRenoFailures) \
	X(TCPSackFailures) X(TCPLossFailures) X(TCPFastRetrans) X(TCPSlowStartRetrans) X(TCPTimeouts) \
	X(TCPLossProbes) X(TCPLossProbeRecovery) X(TCPRenoRecoveryFail) X(TCPSackRecoveryFail) \
	X(TCPRcvCollapsed) X(TCPDSACKOldSent) X(TCPDSACKOfoSent) X(TCPDSACKRecv) X(TCPDSACKOfoRecv) \
	X(TCPAbortOnData) X(TCPAbortOnClose) X(TCPAbortOnMemory) X(TCPAbortOnTimeout) X(TCPAbortOnLinger) \
	X(TCPAbortFailed) X(TCPMemoryPressures) X(TCPMemoryPressuresChrono) X(TCPSACKDiscard) \
	X(TCPDSACKIgnoredOld) X(TCPDSACKIgnoredNoUndo) X(TCPSpuriousRTOs) X(TCPSackShifted) X(TCPSackMerged) \
	X(TCPSackShiftFallback) X(TCPMinTTLDrop) X(TCPDeferAcceptDrop) X(TCPTimeWaitOverflow) \
	X(TCPReqQFullDoCookies) X(TCPReqQFullDrop) X(TCPRetransFail) X(TCPRcvCoalesce) X(TCPOFOQueue) \
	X(TCPOFODrop) X(TCPOFOMerge) X(TCPChallengeACK) X(TCPSYNChallenge) X(TCPFastOpenActive) \
	X(TCPFastOpenActiveFail) X(TCPFastOpenPassive) X(TCPFastOpenPassiveFail) X(TCPFastOpenListenOverflow) \
	X(TCPFastOpenCookieReqd) X(TCPFastOpenBlackhole) X(TCPSpuriousRtxHostQueues) X(TCPAutoCorking) \
	X(TCPFromZeroWindowAdv) X(TCPToZeroWindowAdv) X(TCPWantZeroWindowAdv) X(TCPSynRetrans) \
	X(TCPOrigDataSent) X(TCPHystartTrainDetect) X(TCPHystartTrainCwnd) X(TCPHystartDelayDetect) \
	X(TCPHystartDelayCwnd) X(TCPACKSkippedSynRecv) X(TCPACKSkippedPAWS) X(TCPACKSkippedSeq) \
	X(TCPACKSkippedFinWait2) X(TCPACKSkippedTimeWait) X(TCPACKSkippedChallenge) X(TCPWinProbe) \
	X(TCPKeepAlive) X(TCPMTUPFail) X(TCPMTUPSuccess) X(TCPDelivered) X(TCPDeliveredCE) X(TCPAckCompressed) \
	X(TCPZeroWindowDrop) X(TCPRcvQDrop) X(TCPWqueueTooBig) X(TCPFastOpenPassiveAltKey) X(TcpTimeoutRehash) \
	X(TcpDuplicateDataRehash) X(TCPDSACKRecvSegs) X(TCPDSACKIgnoredDubious) X(TCPMigrateReqSuccess) \
	X(TCPMigrateReqFailure) X(TCPPLBRehash)
/* clang-format on */

struct tcp_mib {
#define TCP_MIB_FIELD(name) u64 name;
	TCP_MIB_SNMP(TCP_MIB_FIELD)
	TCP_MIB_EXT(TCP_MIB_FIELD)
#undef TCP_MIB_FIELD
};

#endif
