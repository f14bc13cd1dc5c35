#include "t.h"

#include <string.h>

#include "http/chunks.h"

#define NEXT "GET /"

enum verdict { WHOLE, MORE, BAD };

static const struct {
	const char *body;
	enum verdict verdict;
} table[] = {
	{ "", MORE },
	{ "0\r\n\r\n", WHOLE },
	{ "5\r\nhello\r\n0\r\n\r\n", WHOLE },
	{ "5\r\n\r\n\r\n\r\r\n0\r\n\r\n", WHOLE },
	{ "a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", WHOLE },
	{ "0000000000000005\r\nhello\r\n0\r\n\r\n", WHOLE },
	{ "5;a=b\r\nhello\r\n0;x=\"y z\"\r\n\r\n", WHOLE },
	{ "0\r\nX-A: b\r\nX-C:\td\xc3\xa4\r\n\r\n", WHOLE },
	{ "5\r\nhel", MORE },
	{ "5\r\nhello\r\n0\r\n", MORE },
	{ "5\r\nhello\r\n0\r\nX-A: b\r\n", MORE },
	{ "ffffffffffffffff\r\nx", MORE },
	{ "00000000000000005\r\nhello\r\n", BAD },
	{ "10000000000000005\r\nhello\r\n", BAD },
	{ "\r\nhello", BAD },
	{ ";a\r\nhello", BAD },
	{ " 5\r\nhello", BAD },
	{ "5 \r\nhello", BAD },
	{ "5 ;a\r\nhello", BAD },
	{ "+5\r\nhello", BAD },
	{ "-5\r\nhello", BAD },
	{ "0x5\r\nhello", BAD },
	{ "5g\r\nhello", BAD },
	{ "5\nhello", BAD },
	{ "5\rhello", BAD },
	{ "5\r\r\nhello", BAD },
	{ "5;a\nhello", BAD },
	{ "5;a\x01\r\nhello", BAD },
	{ "5\r\nhello\n", BAD },
	{ "5\r\nhello0\r\n", BAD },
	{ "5\r\nhello\r0\r\n", BAD },
	{ "5\r\nhello\r\n\r\n", BAD },
	{ "5\r\nhello\r\n0\n", BAD },
	{ "5\r\nhello\r\n0\r\n\n", BAD },
	{ "0\r\nX-A: b\n", BAD },
	{ "0\r\nX-A: b\r\n c\r\n", BAD },
	{ "0\r\nX-A : b\r\n", BAD },
	{ "0\r\n: b\r\n", BAD },
	{ "0\r\nX-A\r\n", BAD },
	{ "0\r\nX-A: b\rc\r\n", BAD },
	{ "0\r\nX-A: \x7f\r\n", BAD },
	{ "0\r\n\r" NEXT, BAD },
};

/* In pieces of that many bytes, with the next request behind it. */
static void
feed(const char *body, enum verdict verdict, size_t piece)
{
	char bytes[128];
	size_t len = strlen(body), taken = 0, used = 1;
	struct sta_chunks c = { 0 };
	bool ok = true;

	memcpy(bytes, body, len);
	memcpy(bytes + len, NEXT, sizeof(NEXT));
	if (verdict == WHOLE)
		len += strlen(NEXT);
	while (ok && taken < len && used > 0) {
		size_t n = len - taken < piece ? len - taken : piece;

		ok = sta_chunks_feed(&c, bytes + taken, n, &used);
		taken += ok ? used : 0;
	}
	if (ok != (verdict != BAD) || (c.state == STA_CHUNKS_END) != (verdict == WHOLE))
		fail_msg("'%s' in pieces of %zu: ok %d, state %d", body, piece, ok, c.state);
	if (ok && taken != strlen(body))
		fail_msg("'%s' in pieces of %zu: %zu taken", body, piece, taken);
}

static void
each_body_has_one_reading_however_it_is_cut(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (size_t piece = 1; piece < 64; piece++)
			feed(table[i].body, table[i].verdict, piece);
}

static void
nul_bytes_are_data_and_nothing_else(void **state)
{
	static const char in_data[] = "3\r\n\0\0\0\r\n0\r\n\r\n", in_size[] = "3\0\r\n",
			  in_name[] = "0\r\nX\0: y\r\n";
	struct sta_chunks c = { 0 };
	size_t used;

	(void) state;
	assert_true(sta_chunks_feed(&c, in_data, sizeof(in_data) - 1, &used));
	assert_int_equal(c.state, STA_CHUNKS_END);
	c = (struct sta_chunks){ 0 };
	assert_false(sta_chunks_feed(&c, in_size, sizeof(in_size) - 1, &used));
	c = (struct sta_chunks){ 0 };
	assert_false(sta_chunks_feed(&c, in_name, sizeof(in_name) - 1, &used));
}

/* How many times the text can follow the start before it is refused, at most 10,000. */
static unsigned
endures(const char *start, const char *text)
{
	struct sta_chunks c = { 0 };
	unsigned n = 0;
	size_t used;

	assert_true(sta_chunks_feed(&c, start, strlen(start), &used));
	while (n < 10000 && sta_chunks_feed(&c, text, strlen(text), &used))
		n++;
	return n;
}

static void
lines_and_trailers_have_a_limit(void **state)
{
	(void) state;
	assert_int_equal(endures("5;", "x"), STA_CHUNK_LINE_MAX - 1);
	assert_int_equal(endures("0\r\nX:", "y"), STA_CHUNK_TRAILERS_MAX - 1);
	assert_int_equal(endures("0\r\n", "X:\r\n"), STA_CHUNK_TRAILERS_MAX);
	assert_int_equal(endures("0\r\n", "x"), STA_CHUNK_TRAILERS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_body_has_one_reading_however_it_is_cut),
		cmocka_unit_test(nul_bytes_are_data_and_nothing_else),
		cmocka_unit_test(lines_and_trailers_have_a_limit),
	};

	return cmocka_run_group_tests_name("chunks", tests, NULL, NULL);
}
