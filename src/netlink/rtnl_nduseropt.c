// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWNDUSEROPT: options of router advertisements that are for programs, as name servers.
 *
 * @rfc 8106, 8781, 8910   @linux ndisc_ra_useropt
 */
#include <string.h>

#include "ipv6/ndisc.h"
#include "netlink/rtnetlink.h"

bool rtnl_fill_nduseropt(const struct nl_target *to, const struct nd_useropt_info *info)
{
	u32 header_bytes = (u32)sizeof(struct nduseroptmsg) + info->opt_bytes;
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, header_bytes);
	struct nduseroptmsg *ndmsg;

	if (!nlh)
		return false;
	ndmsg = nlmsg_header(nlh);
	ndmsg->nduseropt_family = AF_INET6;
	ndmsg->nduseropt_ifindex = info->dev->ifindex;
	ndmsg->nduseropt_icmp_type = info->icmp_type;
	ndmsg->nduseropt_icmp_code = info->icmp_code;
	ndmsg->nduseropt_opts_len = (u16)info->opt_bytes;
	memcpy(ndmsg + 1, info->opt, info->opt_bytes);
	if (!nla_put(to->skb, nlh, NDUSEROPT_SRCADDR, &info->from, sizeof(info->from)))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}
