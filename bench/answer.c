#include "bench/answer.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

#define READS_IN_A_ROW 16 /* then another connection has its turn */

void
sta_answer_reset(struct sta_answer *a)
{
	a->status = 0;
	a->close = false;
	a->left = 0;
	a->location = NULL;
	a->have = 0;
}

/* The value of line if its name is name (with the colon), else NULL. */
static char *
value_of(char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0)
		return NULL;
	return line + len + strspn(line + len, " ");
}

/* One line of the head, NUL-terminated. */
static bool
take_line(struct sta_answer *a, char *line, bool *has_length)
{
	char *value = value_of(line, "content-length:");

	if (value) {
		*has_length = true;
		return sta_parse_u64(value, strlen(value), &a->left);
	}
	if ((value = value_of(line, "connection:")))
		a->close = strcasecmp(value, "close") == 0;
	else if ((value = value_of(line, "location:")))
		a->location = value;
	else if (value_of(line, "transfer-encoding:"))
		return false;
	return true;
}

/* The head from a->head to end, which is behind its empty line. */
static bool
take_head(struct sta_answer *a, char *end, bool is_head)
{
	char *line = a->head;
	char *next = memchr(line, '\r', (size_t) (end - line));
	bool has_length = false;
	uint64_t status = 0;

	if (!next || next - line < 12 || memcmp(line, "HTTP/1.1 ", 9) != 0 ||
	    !sta_parse_u64(line + 9, 3, &status) || status > 599)
		return false;
	for (line = next + 2; line < end - 2; line = next + 2) {
		next = memchr(line, '\r', (size_t) (end - line));
		if (!next)
			return false;
		*next = '\0';
		if (!take_line(a, line, &has_length))
			return false;
	}
	a->status = (int) status;
	if (is_head || status == 204 || status == 304)
		a->left = 0;
	else if (!has_length)
		return false;
	return true;
}

/* More of the head, and what came behind it. */
static enum sta_step
read_head(struct sta_answer *a, struct sta_conn *c, bool is_head, uint64_t *bytes)
{
	ssize_t n = sta_conn_recv(c, a->head + a->have, sizeof a->head - 1 - a->have);
	char *end = NULL;
	size_t body = 0;

	if (n <= 0)
		return n < 0 ? STA_STEP_FAILED : STA_STEP_MORE;
	*bytes += (uint64_t) n;
	a->have += (size_t) n;
	end = memmem(a->head, a->have, "\r\n\r\n", 4);
	if (!end)
		return a->have < sizeof a->head - 1 ? STA_STEP_MORE : STA_STEP_FAILED;
	end += 4;
	body = a->have - (size_t) (end - a->head);
	if (!take_head(a, end, is_head) || body > a->left)
		return STA_STEP_FAILED;
	a->left -= body;
	return a->left ? STA_STEP_MORE : STA_STEP_DONE;
}

static enum sta_step
read_body(struct sta_answer *a, struct sta_conn *c, uint64_t *bytes)
{
	ssize_t n = sta_conn_drop(c, a->left);

	if (n <= 0)
		return n < 0 ? STA_STEP_FAILED : STA_STEP_MORE;
	*bytes += (uint64_t) n;
	a->left -= (uint64_t) n;
	return a->left ? STA_STEP_MORE : STA_STEP_DONE;
}

enum sta_step
sta_answer_read(struct sta_answer *a, struct sta_conn *c, bool is_head, uint64_t *bytes)
{
	enum sta_step step = STA_STEP_MORE;
	uint64_t before = 0;

	for (int i = 0; step == STA_STEP_MORE && (c->blocking || i < READS_IN_A_ROW); i++) {
		before = *bytes;
		step = a->status ? read_body(a, c, bytes) : read_head(a, c, is_head, bytes);
		if (*bytes == before)
			break;
	}
	return step;
}
