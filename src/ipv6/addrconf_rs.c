// SPDX-License-Identifier: BSD-2-Clause
/* Router solicitations: a host asks who its routers are until one answers.
 *
 * @rfc  4861 6.3.7, 7559 (the time between two of them doubles, without end)
 * @linux addrconf_rs_timer, addrconf_dad_completed
 */
#include "ipv6/addrconf_internal.h"
#include "ipv6/ndisc.h"

bool ipv6_accept_ra(const struct inet6_dev *idev)
{
	int accept = IN6_DEV_CONF(idev, ACCEPT_RA);

	return IN6_DEV_CONF(idev, FORWARDING) ? accept == 2 : accept > 0;
}

/** around() - @time and a tenth of it more or less.  @rfc 3315 14: RAND */
static ktime_t around(struct net *net, ktime_t time)
{
	u64 tenth_us = (u64)(time / 10 / NSEC_PER_USEC);
	u32 span = tenth_us > UINT32_MAX / 4 ? UINT32_MAX / 4 : (u32)tenth_us;

	return time + ((ktime_t)get_random_u32_below(&net->rng, 2 * span + 1) - span) * NSEC_PER_USEC;
}

static void rs_arm(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;

	mod_timer(net->timers, &idev->rs_timer, net->now + idev->rs_interval);
}

void addrconf_rs_start(struct inet6_dev *idev, const struct in6_addr *saddr)
{
	idev->if_flags |= IF_RS_SENT;
	idev->rs_probes = 1;
	idev->rs_interval = around(idev->dev->net, IN6_DEV_CONF(idev, RTR_SOLICIT_INTERVAL) * NSEC_PER_MSEC);
	rs_arm(idev);
	ndisc_send_rs(idev->dev, saddr, &in6addr_linklocal_allrouters);
}

/** next_interval() - RFC 7559 2: doubled, and at the most the maximum, each with some chance */
static ktime_t next_interval(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;
	ktime_t most = IN6_DEV_CONF(idev, RTR_SOLICIT_MAX_INTERVAL) * NSEC_PER_MSEC;
	ktime_t next = idev->rs_interval + around(net, idev->rs_interval);

	return most && next > most ? around(net, most) : next;
}

void addrconf_rs_timer(struct timer *t)
{
	struct inet6_dev *idev = container_of(t, struct inet6_dev, rs_timer);
	int most = IN6_DEV_CONF(idev, RTR_SOLICITS);
	struct in6_addr lladdr;

	if (idev->dead || !(idev->if_flags & IF_READY) || !ipv6_accept_ra(idev) || (idev->if_flags & IF_RA_RCVD))
		return;
	if (most >= 0 && idev->rs_probes >= most)
		return;
	if (idev->rs_probes < UINT8_MAX)
		idev->rs_probes++;
	if (ipv6_get_lladdr(idev->dev, &lladdr, IFA_F_TENTATIVE))
		return;
	if (most < 0 || idev->rs_probes < most) {
		idev->rs_interval = next_interval(idev);
		rs_arm(idev);
	}
	ndisc_send_rs(idev->dev, &lladdr, &in6addr_linklocal_allrouters);
}

void addrconf_ra_seen(struct inet6_dev *idev)
{
	if (idev->if_flags & IF_RS_SENT) { /* one that came before any solicitation ends none */
		timer_delete(idev->dev->net->timers, &idev->rs_timer);
		idev->if_flags |= IF_RA_RCVD;
	}
}
