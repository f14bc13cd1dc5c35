/* JSON from outside: what loads is printed and loads again as the same value;
 * and every string, however broken, is written as one that loads. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "fuzz.h"

#define ARENA_CAP ((size_t) 64 << 20)

static void
check_load(const char *s, size_t len)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	struct sta_err err = { .rc = STA_OK };
	json_t *j = NULL;
	json_t *again = NULL;
	enum sta_rc rc = sta_json_load(a, s, len, &j, &err);
	const char *text;

	if (rc != STA_OK) {
		REQUIRE(rc == STA_INVALID && err.rc == rc && err.msg[0] != '\0' && !j);
		return;
	}
	text = sta_json_dump(a, j);
	REQUIRE(text);
	REQUIRE(sta_json_load(a, text, strlen(text), &again, &err) == STA_OK);
	REQUIRE(json_equal(j, again));
}

static void
check_quote(const char *s, size_t len)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = ARENA_CAP };
	struct sta_err err;
	json_t *j = NULL;
	const char *copy = sta_arena_strndup(a, s, len);

	REQUIRE(copy);
	sta_buf_str(&b, "[");
	sta_buf_json(&b, copy);
	sta_buf_str(&b, "]");
	REQUIRE(sta_buf_ok(&b) && !strchr(b.data, '\n'));
	REQUIRE(sta_json_load(a, b.data, b.len, &j, &err) == STA_OK);
	REQUIRE(json_array_size(j) == 1 && json_is_string(json_array_get(j, 0)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_load((const char *) data, size);
	check_quote((const char *) data, size);
	return 0;
}
