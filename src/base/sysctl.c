// SPDX-License-Identifier: BSD-2-Clause
/* sysctl variables: see sysctl.h. */
#include "base/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSCTL_VALUE_BYTES 256
#define SYSCTL_KEY_BYTES 128
#define PATH_DOTS 3U

void sysctl_root_init(struct sysctl_root *root)
{
	INIT_LIST_HEAD(&root->dirs);
}

void register_sysctl(struct sysctl_root *root, struct ctl_dir *dir)
{
	struct ctl_dir *pos;

	list_for_each_entry(pos, &root->dirs, node) {
		if (strcmp(pos->path, dir->path) > 0)
			break;
	}
	list_add_tail(&dir->node, &pos->node);
}

void unregister_sysctl(struct sysctl_root *root, struct ctl_dir *dir)
{
	(void)root;
	list_del_init(&dir->node);
}

/* ------------------------------------------------------------------ one variable */

/* What one unit of the file is in memory. */
static s64 unit_of(enum sysctl_type type)
{
	switch (type) {
	case SYSCTL_MS:
		return NSEC_PER_MSEC;
	case SYSCTL_USER_HZ:
		return 10 * NSEC_PER_MSEC;
	case SYSCTL_JIFFIES:
		return 4 * NSEC_PER_MSEC;
	case SYSCTL_SECONDS:
		return NSEC_PER_SEC;
	default:
		return 1;
	}
}

static s64 entry_read(const struct ctl_dir *dir, const struct ctl_table *e)
{
	const u8 *p = (const u8 *)dir->base + e->offset;
	s64 wide;
	int narrow;

	if (e->type == SYSCTL_INT) {
		memcpy(&narrow, p, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, p, sizeof(wide));
	return wide / unit_of(e->type);
}

static void entry_write(struct ctl_dir *dir, const struct ctl_table *e, s64 value)
{
	u8 *p = (u8 *)dir->base + e->offset;
	int narrow = (int)value;

	if (e->type == SYSCTL_INT) {
		memcpy(p, &narrow, sizeof(narrow));
		return;
	}
	value *= unit_of(e->type);
	memcpy(p, &value, sizeof(value));
}

int sysctl_entry_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	int len;

	if (e->get)
		return e->get(dir, e, buf, size_bytes);
	len = snprintf(buf, size_bytes, "%lld", (long long)entry_read(dir, e));
	return (size_t)len < size_bytes ? len : -ENOSPC;
}

int sysctl_parse_number(const char *value, s64 min, s64 max, s64 *out)
{
	char *end;
	long long x;

	errno = 0;
	x = strtoll(value, &end, 0);
	while (*end == ' ' || *end == '\t' || *end == '\n')
		end++;
	if (errno || end == value || *end || x < min || x > max)
		return -EINVAL;
	*out = x;
	return 0;
}

static int entry_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	s64 x;
	int err;

	if (e->read_only)
		return -EACCES;
	if (e->set)
		return e->set(dir, e, value);
	if (e->type == SYSCTL_FN)
		return -EACCES;
	err = sysctl_parse_number(value, e->min, e->max, &x);
	if (err)
		return err;
	entry_write(dir, e, x);
	return 0;
}

int sysctl_entry_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	int err = entry_set(dir, e, value);

	if (!err && dir->changed)
		dir->changed(dir, e);
	return err;
}

/* ------------------------------------------------------------------ by name */

/* Device names may hold dots: the path is compared whole, and the rest is the variable. */
static const struct ctl_table *dir_find(const struct ctl_dir *dir, const char *key)
{
	size_t path_len = strlen(dir->path);

	if (strncmp(key, dir->path, path_len) != 0 || key[path_len] != '.')
		return NULL;
	for (const struct ctl_table *e = dir->table; e->name; e++) {
		if (strcmp(e->name, key + path_len + 1) == 0)
			return e;
	}
	return NULL;
}

static struct ctl_dir *root_find(struct sysctl_root *root, const char *key, const struct ctl_table **e)
{
	struct ctl_dir *dir;

	list_for_each_entry(dir, &root->dirs, node) {
		*e = dir_find(dir, key);
		if (*e)
			return dir;
	}
	return NULL;
}

int sysctl_get(struct sysctl_root *root, const char *key, char *buf, size_t size_bytes)
{
	const struct ctl_table *e;
	const struct ctl_dir *dir = root_find(root, key, &e);

	return dir ? sysctl_entry_get(dir, e, buf, size_bytes) : -ENOENT;
}

int sysctl_set(struct sysctl_root *root, const char *key, const char *value)
{
	const struct ctl_table *e;
	struct ctl_dir *dir = root_find(root, key, &e);

	return dir ? sysctl_entry_set(dir, e, value) : -ENOENT;
}

int sysctl_each(struct sysctl_root *root, int (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
	char key[SYSCTL_KEY_BYTES], value[SYSCTL_VALUE_BYTES];
	struct ctl_dir *dir;
	int ret;

	list_for_each_entry(dir, &root->dirs, node) {
		for (const struct ctl_table *e = dir->table; e->name; e++) {
			snprintf(key, sizeof(key), "%s.%s", dir->path, e->name);
			ret = sysctl_entry_get(dir, e, value, sizeof(value));
			if (ret >= 0)
				ret = fn(ctx, key, value);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ by file */

/* "net.ipv4.conf.eth0.5" lies in net/ipv4/conf/eth0.5: what comes after the third dot is the name of a device. */
static void dir_file_path(const struct ctl_dir *dir, char path[static SYSCTL_PATH_BYTES])
{
	u32 dots = 0;

	memcpy(path, dir->path, sizeof(dir->path));
	for (; *path && dots < PATH_DOTS; path++) {
		if (*path == '.') {
			*path = '/';
			dots++;
		}
	}
}

/* What of @path is below @parent; NULL: nothing. */
static const char *path_below(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	if (!len)
		return path;
	if (strncmp(path, parent, len) != 0)
		return NULL;
	return !path[len] ? path + len : path[len] == '/' ? path + len + 1 : NULL;
}

struct ctl_dir *sysctl_file_find(struct sysctl_root *root, const char *path, const struct ctl_table **e)
{
	char where[SYSCTL_PATH_BYTES];
	struct ctl_dir *dir;

	list_for_each_entry(dir, &root->dirs, node) {
		const char *name;

		dir_file_path(dir, where);
		name = path_below(path, where);
		for (*e = name ? dir->table : NULL; *e && (*e)->name; (*e)++) {
			if (!strcmp((*e)->name, name))
				return dir;
		}
	}
	*e = NULL;
	return NULL;
}

static int dir_files_each(const struct ctl_dir *dir, int (*fn)(void *ctx, const char *name, const struct ctl_table *e),
			  void *ctx)
{
	int ret = 0;

	for (const struct ctl_table *e = dir->table; e->name && !ret; e++)
		ret = fn(ctx, e->name, e);
	return ret;
}

/* Paths are sorted, so those of one directory follow each other: its name is told when it is not the one before. */
int sysctl_file_each(struct sysctl_root *root, const char *path,
		     int (*fn)(void *ctx, const char *name, const struct ctl_table *e), void *ctx)
{
	char where[SYSCTL_PATH_BYTES], last[SYSCTL_PATH_BYTES] = "";
	const struct ctl_table *file;
	bool any = !*path;
	struct ctl_dir *dir;
	int ret = 0;

	list_for_each_entry(dir, &root->dirs, node) {
		const char *below;
		size_t len;

		dir_file_path(dir, where);
		below = path_below(where, path);
		if (!below)
			continue;
		any = true;
		len = strcspn(below, "/");
		if (!len)
			ret = dir_files_each(dir, fn, ctx);
		else if (strlen(last) != len || strncmp(last, below, len) != 0) {
			snprintf(last, sizeof(last), "%.*s", (int)len, below);
			ret = fn(ctx, last, NULL);
		}
		if (ret)
			return ret;
	}
	if (any)
		return 0;
	return sysctl_file_find(root, path, &file) ? -ENOTDIR : -ENOENT;
}
