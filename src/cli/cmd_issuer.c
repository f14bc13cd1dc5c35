#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "crypto/jwt.h"

/* "a,b" as lines; NULL stays NULL. */
static enum sta_rc
lines_of(struct sta_cli *cli, const char *list, const char **out, struct sta_err *err)
{
	char *text = list ? sta_arena_strdup(cli->arena, list) : NULL;

	for (char *p = text; p && *p; p++)
		if (*p == ',')
			*p = '\n';
	*out = text;
	return text || !list ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "out of memory");
}

/* All of a file, at most max bytes, as a text. */
static enum sta_rc
read_all(struct sta_cli *cli, int fd, const char *what, size_t max, char **out, struct sta_err *err)
{
	char *text = sta_arena_alloc(cli->arena, max + 2);
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	while (n != 0 && len <= max) {
		n = read(fd, text + len, max + 1 - len);
		if (n < 0 && errno != EINTR)
			return sta_err_set(err, STA_IO, errno, "%.100s", what);
		len += n > 0 ? (size_t) n : 0;
	}
	text[len] = '\0';
	if (len > max)
		return sta_err_set(err, STA_TOO_LARGE, 0, "%.100s is larger than %zu bytes", what, max);
	if (strlen(text) != len)
		return sta_err_set(err, STA_INVALID, 0, "%.100s holds a NUL byte", what);
	*out = text;
	return STA_OK;
}

static enum sta_rc
read_keys(struct sta_cli *cli, char **out, struct sta_err *err)
{
	const char *path = sta_cli_flag(cli, "keys");
	STA_AUTO_FD int fd = -1;

	*out = NULL;
	if (!path)
		return STA_OK;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "%.100s", path);
	return read_all(cli, fd, path, STA_JWKS_MAX, out, err);
}

static const char *
text_of(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

enum sta_rc
sta_cmd_issuer_add(struct sta_cli *cli, struct sta_err *err)
{
	const char *profile = sta_cli_flag(cli, "profile");
	const char *audience = sta_cli_flag(cli, "audience");
	const char *claims = NULL;
	const char *events = NULL;
	char *keys = NULL;
	json_t *answer;
	enum sta_rc rc;

	if (!audience)
		return sta_cli_usage(
			cli, err, "needs --audience, a name that is this registry's alone, such as its host");
	rc = lines_of(cli, sta_cli_flag(cli, "claims"), &claims, err);
	if (rc == STA_OK)
		rc = lines_of(cli, sta_cli_flag(cli, "read-events"), &events, err);
	if (rc == STA_OK)
		rc = read_keys(cli, &keys, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "issuer.add",
			     json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "name", cli->args[0],
				       "profile", profile ? profile : "none", "audience", audience, "url",
				       sta_cli_flag(cli, "url"), "claims", claims, "read_events", events,
				       "keys", keys),
			     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer,
			     "issuer %s added, %s; no rule lets a job in yet (staithe issuer allow)",
			     text_of(answer, "name"), text_of(answer, "url"));
	return rc;
}

enum sta_rc
sta_cmd_issuer_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "URL", "url" }, { "AUDIENCE", "audience" }, { "CREATED", "created" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "issuer.list", json_object(), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "issuers", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_issuer_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "issuer.delete", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "issuer %s deleted, with its rules", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_issuer_allow(struct sta_cli *cli, struct sta_err *err)
{
	const char *when = sta_cli_flag(cli, "when");
	const char *role = sta_cli_flag(cli, "role");
	const char *conditions = NULL;
	json_t *answer;
	enum sta_rc rc;

	if (!when || !role)
		return sta_cli_usage(
			cli, err, "needs --when and --role, such as --when 'repository=acme/*' --role write");
	rc = lines_of(cli, when, &conditions, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "issuer.allow",
			     json_pack("{s:s, s:s, s:s, s:s*}", "issuer", cli->args[0], "conditions",
				       conditions, "role", role, "repository",
				       sta_cli_flag(cli, "repository")),
			     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "rule %" PRId64 ": %s lets jobs in with the role %s",
			     (int64_t) json_integer_value(json_object_get(answer, "id")), cli->args[0], role);
	return rc;
}

enum sta_rc
sta_cmd_issuer_rules(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = { { "ID", "id" },
							 { "ISSUER", "issuer" },
							 { "ROLE", "role" },
							 { "REPOSITORY", "repository" },
							 { "WHEN", "when" } };
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "issuer.rules",
				 json_pack("{s:s*}", "issuer", cli->n_args > 0 ? cli->args[0] : NULL), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "rules", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_issuer_disallow(struct sta_cli *cli, struct sta_err *err)
{
	uint64_t id = 0;
	json_t *answer;
	enum sta_rc rc;

	if (!sta_parse_u64(cli->args[0], strlen(cli->args[0]), &id) || id > INT64_MAX)
		return sta_cli_usage(cli, err, "'%.40s' is not the number of a rule", cli->args[0]);
	rc = sta_ask(cli, "issuer.disallow", json_pack("{s:I}", "id", (json_int_t) id), NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "rule %" PRIu64 " removed", id);
	return rc;
}

enum sta_rc
sta_cmd_issuer_explain(struct sta_cli *cli, struct sta_err *err)
{
	const char *why;
	char *token = NULL;
	json_t *answer;
	enum sta_rc rc = read_all(cli, STDIN_FILENO, "the token", STA_JWT_MAX, &token, err);

	if (rc != STA_OK)
		return rc;
	token[strcspn(token, "\r\n")] = '\0';
	rc = sta_ask(cli, "issuer.explain", json_pack("{s:s}", "token", token), NULL, &answer, err);
	if (rc != STA_OK)
		return rc;
	why = text_of(answer, "why");
	if (!why)
		sta_cli_done(cli, answer, "let in by rule %" PRId64 " of %s: acts for %s, at most %s",
			     (int64_t) json_integer_value(json_object_get(answer, "rule")),
			     text_of(answer, "issuer"), text_of(answer, "repository"),
			     text_of(answer, "role"));
	else
		sta_cli_done(cli, answer, "refused: %s", why);
	cli->status = why ? STA_EXIT_FAILURE : STA_EXIT_OK;
	return STA_OK;
}
