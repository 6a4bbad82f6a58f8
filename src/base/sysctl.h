/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl variables: static tables of name, place and bounds, one table per owner.
 *
 * A table describes variables inside some structure; the one that owns an instance (a net, a device's parameters)
 * registers table + base under a path such as "net.ipv4.conf.eth0".  Names are those of sysctl(8).
 */
#ifndef NETHOOD_BASE_SYSCTL_H
#define NETHOOD_BASE_SYSCTL_H

#include "base/list.h"
#include "base/types.h"

enum sysctl_type {
	SYSCTL_INT,     /**< int, as is */
	SYSCTL_S64,     /**< s64, as is */
	SYSCTL_MS,      /**< int in the file is milliseconds; ktime_t in memory */
	SYSCTL_USER_HZ, /**< int in the file is 1/100 s; ktime_t in memory */
	SYSCTL_JIFFIES, /**< int in the file is ticks of the kernel that nethood is compared with; ktime_t in memory */
	SYSCTL_SECONDS, /**< int in the file is seconds; ktime_t in memory */
	SYSCTL_FN,      /**< get and set do it all */
};

#define SYSCTL_PATH_BYTES 64

struct ctl_table;
/**
 * struct ctl_dir - one registered instance: "net.ipv4.conf.eth0" + table + base
 *
 * Several directories may have the same path: a key is looked for in each.
 */
struct ctl_dir {
	struct list_head node;
	char path[SYSCTL_PATH_BYTES];
	const struct ctl_table *table; /**< ends with a NULL name */
	void *base;
	void (*changed)(struct ctl_dir *dir, const struct ctl_table *entry); /**< after a write; may be NULL */
	void *ctx;
};

struct ctl_table {
	const char *name;
	enum sysctl_type type;
	u32 offset;
	s64 min, max; /**< in the file's unit */
	int (*get)(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes);
	int (*set)(struct ctl_dir *dir, const struct ctl_table *e, const char *value);
	bool read_only;
	bool takes_empty; /**< nothing but a newline is a value: an empty list */
};

struct sysctl_root {
	struct list_head dirs;
};

void sysctl_root_init(struct sysctl_root *root);
void register_sysctl(struct sysctl_root *root, struct ctl_dir *dir);
void unregister_sysctl(struct sysctl_root *root, struct ctl_dir *dir);
/** sysctl_get() - text of @key without newline.  Return: length, -ENOENT, -ENOSPC */
int sysctl_get(struct sysctl_root *root, const char *key, char *buf, size_t size_bytes);
/** sysctl_set() - Return: 0, -ENOENT, -EINVAL (not a number, or outside its bounds), -EACCES (read only) */
int sysctl_set(struct sysctl_root *root, const char *key, const char *value);
/** sysctl_parse_number() - for SYSCTL_FN: one decimal number within bounds.  Return: 0, -EINVAL */
int sysctl_parse_number(const char *value, s64 min, s64 max, s64 *out);
/**
 * sysctl_file_find() - the variable of a file below /proc/sys: "net/ipv4/conf/eth0.5/forwarding"
 * @e: out: the variable
 * Return: borrowed; NULL: there is no such file
 */
struct ctl_dir *sysctl_file_find(struct sysctl_root *root, const char *path, const struct ctl_table **e);
/** sysctl_entry_get() - as sysctl_get(), of a variable that was found */
int sysctl_entry_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes);
/** sysctl_entry_set() - as sysctl_set(), of a variable that was found */
int sysctl_entry_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value);
/**
 * sysctl_file_each() - what is in a directory below /proc/sys, each name once
 * @path: "net/ipv4"; may be "": /proc/sys itself
 * @fn: is told of a directory (@e NULL) or of a file; non-zero ends it
 * Return: 0; -ENOENT: no such directory; -ENOTDIR: it is a file; the first non-zero of @fn
 */
int sysctl_file_each(struct sysctl_root *root, const char *path,
		     int (*fn)(void *ctx, const char *name, const struct ctl_table *e), void *ctx);
/** sysctl_each() - every key, sorted by directory of registration */
int sysctl_each(struct sysctl_root *root, int (*fn)(void *ctx, const char *key, const char *value), void *ctx);

#endif
