#include <inttypes.h>
#include <stdio.h>

#include "cli/ask.h"

static int64_t
number(const json_t *answer, const char *key)
{
	return (int64_t) json_integer_value(json_object_get(answer, key));
}

static const char *
text(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static void
print_finding(const json_t *row)
{
	char line[512];

	(void) snprintf(line, sizeof(line), "%s %s: %s", text(row, "invariant"), text(row, "what"),
			text(row, "problem"));
	sta_cli_print_text(line);
}

enum sta_rc
sta_cmd_fsck(struct sta_cli *cli, struct sta_err *err)
{
	bool content = sta_cli_flag(cli, "content") != NULL;
	json_t *answer;
	size_t problems;
	enum sta_rc rc = sta_ask(cli, "fsck", json_pack("{s:b}", "content", content),
				 cli->json ? NULL : print_finding, &answer, err);

	if (rc != STA_OK)
		return rc;
	problems = json_array_size(json_object_get(answer, "problems"));
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) printf("%" PRId64 " packages, %" PRId64 " manifests, %" PRId64 " tags, %" PRId64
			      " blobs, %" PRId64 " uploads, %" PRId64 " bytes: %zu problems\n",
			      number(answer, "packages"), number(answer, "manifests"), number(answer, "tags"),
			      number(answer, "blobs"), number(answer, "uploads"), number(answer, "bytes"),
			      problems);
	cli->status = problems > 0 ? STA_EXIT_FAILURE : STA_EXIT_OK;
	return STA_OK;
}

enum sta_rc
sta_cmd_gc(struct sta_cli *cli, struct sta_err *err)
{
	bool now = sta_cli_flag(cli, "now") != NULL;
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "gc", json_pack("{s:b}", "now", now), NULL, &answer, err);

	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) printf("removed %" PRId64 " blobs (%" PRId64 " bytes) and %" PRId64
			      " uploads; %" PRId64 " blobs wait\n",
			      number(answer, "blobs_removed"), number(answer, "bytes_freed"),
			      number(answer, "uploads_expired"), number(answer, "waiting"));
	return STA_OK;
}
