// SPDX-License-Identifier: BSD-2-Clause
/* Drop reasons: names and sentences of the list in dropreason.h. */
#include "skb/dropreason.h"

static const struct {
	const char *name, *sentence;
} reasons[] = {
#define X(name_, sentence_) [SKB_DROP_REASON_##name_] = { #name_, sentence_ },
	SKB_DROP_REASONS(X)
#undef X
};

const char *skb_drop_reason_name(enum skb_drop_reason reason)
{
	return reasons[reason].name;
}

const char *skb_drop_reason_sentence(enum skb_drop_reason reason)
{
	return reasons[reason].sentence;
}
