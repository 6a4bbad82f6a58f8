// SPDX-License-Identifier: BSD-2-Clause
/* Text in pieces: nothing is lost, nothing is doubled, and a reader that refuses is not asked again. */
#include "base/seq_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define READER_BYTES 65536

struct reader {
	char text[READER_BYTES];
	size_t used, pieces;
	size_t refuse_after; /**< pieces; 0: never */
	int err;
};

static int take(void *ctx, const char *text, size_t len_bytes)
{
	struct reader *r = ctx;

	r->pieces++;
	if (r->refuse_after && r->pieces > r->refuse_after)
		return r->err;
	assert_true(len_bytes && r->used + len_bytes < sizeof(r->text));
	memcpy(r->text + r->used, text, len_bytes);
	r->used += len_bytes;
	return 0;
}

static void long_texts_come_whole(void **state)
{
	static struct reader r;
	static char want[READER_BYTES];
	struct seq_file m;
	size_t len = 0;

	(void)state;
	memset(&r, 0, sizeof(r));
	seq_begin(&m, take, &r);
	for (unsigned i = 0; i < 4000; i++) {
		seq_printf(&m, "row %u\n", i);
		len += (size_t)sprintf(want + len, "row %u\n", i);
	}
	assert_int_equal(seq_end(&m), 0);
	assert_true(r.pieces > 5);
	assert_int_equal(r.used, len);
	assert_memory_equal(r.text, want, len);
}

static void nothing_is_nothing(void **state)
{
	static struct reader r;
	struct seq_file m;

	(void)state;
	seq_begin(&m, take, &r);
	assert_int_equal(seq_end(&m), 0);
	assert_int_equal(r.pieces, 0);
}

static void who_refuses_is_not_asked_again(void **state)
{
	static struct reader r;
	struct seq_file m;

	(void)state;
	r = (struct reader){ .refuse_after = 2, .err = -EIO };
	seq_begin(&m, take, &r);
	for (unsigned i = 0; i < 4000; i++)
		seq_printf(&m, "row %u\n", i);
	assert_int_equal(m.err, -EIO);
	assert_int_equal(seq_end(&m), -EIO);
	assert_int_equal(r.pieces, 3);
}

static void a_piece_longer_than_the_buffer_is_an_error(void **state)
{
	static struct reader r;
	static char big[SEQ_FILE_BYTES + 1];
	struct seq_file m;

	(void)state;
	memset(big, 'x', SEQ_FILE_BYTES);
	memset(&r, 0, sizeof(r));
	seq_begin(&m, take, &r);
	seq_puts(&m, "before ");
	seq_puts(&m, big);
	seq_puts(&m, "after");
	assert_int_equal(seq_end(&m), -ENOSPC);
	assert_string_equal(r.text, "before ");
	memset(&r, 0, sizeof(r));
	seq_begin(&m, take, &r);
	seq_puts(&m, big + 1); /* just fits */
	assert_int_equal(seq_end(&m), 0);
	assert_int_equal(r.used, SEQ_FILE_BYTES - 1);
}

static void rows_have_their_width_also_across_pieces(void **state)
{
	static struct reader r;
	struct seq_file m;

	(void)state;
	memset(&r, 0, sizeof(r));
	seq_begin(&m, take, &r);
	for (unsigned i = 0; i < 500; i++) {
		seq_setwidth(&m, 20);
		seq_printf(&m, "%u", i);
		seq_puts(&m, "\tcolumn");
		seq_pad(&m);
	}
	assert_int_equal(seq_end(&m), 0);
	assert_int_equal(r.used, 500 * 21);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(r.text[i * 21 + 20], '\n');
	memset(&r, 0, sizeof(r));
	seq_begin(&m, take, &r);
	seq_setwidth(&m, 3);
	seq_puts(&m, "longer");
	seq_pad(&m);
	seq_end(&m);
	assert_string_equal(r.text, "longer\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_texts_come_whole),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(who_refuses_is_not_asked_again),
		cmocka_unit_test(a_piece_longer_than_the_buffer_is_an_error),
		cmocka_unit_test(rows_have_their_width_also_across_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
