// SPDX-License-Identifier: BSD-2-Clause
/* Text that is written piece by piece: see seq_file.h. */
#include "base/seq_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void seq_begin(struct seq_file *m, int (*write)(void *ctx, const char *text, size_t len_bytes), void *ctx)
{
	m->write = write;
	m->ctx = ctx;
	m->err = 0;
	m->used_bytes = m->width = 0;
	m->sent_bytes = m->width_start = 0;
}

static void seq_flush(struct seq_file *m)
{
	if (!m->err && m->used_bytes)
		m->err = m->write(m->ctx, m->buf, m->used_bytes);
	m->sent_bytes += m->used_bytes;
	m->used_bytes = 0;
}

int seq_end(struct seq_file *m)
{
	seq_flush(m);
	return m->err;
}

/* Return: true if it is in the buffer now. */
__attribute__((format(printf, 2, 0))) static bool seq_try(struct seq_file *m, const char *fmt, va_list ap)
{
	u32 room = SEQ_FILE_BYTES - m->used_bytes;
	int len = vsnprintf(m->buf + m->used_bytes, room, fmt, ap);

	if (len < 0 || (u32)len >= room)
		return false;
	m->used_bytes += (u32)len;
	return true;
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list ap, again;
	bool fits;

	if (m->err)
		return;
	va_start(ap, fmt);
	va_copy(again, ap);
	fits = seq_try(m, fmt, ap);
	if (!fits) {
		seq_flush(m);
		fits = seq_try(m, fmt, again);
	}
	va_end(again);
	va_end(ap);
	if (!fits && !m->err)
		m->err = -ENOSPC;
}

void seq_puts(struct seq_file *m, const char *text)
{
	seq_printf(m, "%s", text);
}

void seq_setwidth(struct seq_file *m, u32 width)
{
	m->width_start = m->sent_bytes + m->used_bytes;
	m->width = width;
}

void seq_pad(struct seq_file *m)
{
	u64 done = m->sent_bytes + m->used_bytes - m->width_start;

	seq_printf(m, "%*s\n", done < m->width ? (int)(m->width - done) : 0, "");
}
