/*
 * option - the one table of options.
 *
 * The configuration file, the environment, the flags, "config show" and the
 * manual (docs/OPERATING.md, docs/staithe.yaml) all follow this table;
 * tools/check-options.py holds the manual to it.
 *
 * An option "gc.upload_ttl" is the key upload_ttl of the mapping gc in the
 * file, STAITHE_GC_UPLOAD_TTL in the environment, and --gc-upload-ttl as a flag.
 *
 * Layer: conf.  May include: base.  Threads: constant data.
 */
#ifndef STA_CONF_OPTION_H
#define STA_CONF_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum sta_option_id {
	STA_OPTION_DATA,
	STA_OPTION_LISTEN,
	STA_OPTION_INSECURE_LISTEN,
	STA_OPTION_PUBLIC_URL,
	STA_OPTION_TLS_CERTIFICATE,
	STA_OPTION_TLS_KEY,
	STA_OPTION_LOG_LEVEL,
	STA_OPTION_LOG_FORMAT,
	STA_OPTION_WORKERS,
	STA_OPTION_SHUTDOWN_GRACE,
	STA_OPTION_HTTP_LOOPS,
	STA_OPTION_HTTP_CONNECTIONS_MAX,
	STA_OPTION_HTTP_CONNECTIONS_PER_PEER,
	STA_OPTION_HTTP_HEADER_TIMEOUT,
	STA_OPTION_HTTP_IDLE_TIMEOUT,
	STA_OPTION_HTTP_BODY_TIMEOUT,
	STA_OPTION_HTTP_TRUSTED_PROXIES,
	STA_OPTION_LIMITS_LAYER,
	STA_OPTION_LIMITS_MANIFEST,
	STA_OPTION_LIMITS_UPLOADS_PER_USER,
	STA_OPTION_MANIFESTS_SPARSE,
	STA_OPTION_FORGES,
	STA_OPTION_NAMES_RETIRE_AFTER,
	STA_OPTION_TRASH_KEEP,
	STA_OPTION_DELETE_LAST_TAGGED,
	STA_OPTION_DELETE_POPULAR_AFTER,
	STA_OPTION_DELETE_CASCADE,
	STA_OPTION_STATISTICS_KEEP,
	STA_OPTION_API_RATE_LIMIT,
	STA_OPTION_GC_UPLOAD_TTL,
	STA_OPTION_GC_GRACE,
	STA_OPTION_GC_INTERVAL,
	STA_OPTION_TOKEN_TTL,
	STA_OPTION_WORKFLOW_TOKEN_TTL,
	STA_OPTION_WORKFLOW_KEYS_TTL,
	STA_OPTION_NET_ALLOW,
	STA_OPTION_NET_CA_FILE,
	STA_OPTION_LOGIN_FREE_ATTEMPTS,
	STA_OPTION_MAX_
};

enum sta_option_type {
	STA_OPTION_STRING,
	STA_OPTION_BOOL,
	STA_OPTION_U64,
	STA_OPTION_SIZE, /* bytes: 64KiB, 10GB */
	STA_OPTION_SPAN, /* seconds: 30s, 10m, 24h, 30d */
	STA_OPTION_ENUM,
	STA_OPTION_LIST, /* a sequence in the file, separated by commas elsewhere */
};

struct sta_option {
	const char *name;
	enum sta_option_type type;
	bool reload;      /* SIGHUP brings a changed value into force */
	const char *def;  /* as it would be written in the file; "": none */
	const char *unit; /* for people: "bytes", "time", "threads"; "" without */
	const char *min;  /* numbers: as def; NULL: no bound */
	const char *max;
	const char *choices;             /* STA_OPTION_ENUM: "text|json" */
	bool (*valid)(const char *text); /* further condition on a text or a list's item, or NULL */
	const char *expects;             /* what valid wants: "ADDRESS:PORT, such as ..." */
	const char *help;                /* one sentence */
};

extern const struct sta_option sta_options[STA_OPTION_MAX_];

#define STA_OPTION_NAME_MAX 64

/* Option of that name in the file's form; STA_OPTION_MAX_ if there is none. */
enum sta_option_id sta_option_find(const char *name);

/* "STAITHE_GC_GRACE", "--gc-grace" into out; returns out. */
char *sta_option_variable(enum sta_option_id id, char out[STA_OPTION_NAME_MAX]);
char *sta_option_flag(enum sta_option_id id, char out[STA_OPTION_NAME_MAX]);

/* How many single-character changes make b of a; texts above
 * STA_OPTION_NAME_MAX count as far apart. */
size_t sta_edit_distance(const char *a, const char *b);

/* The option whose name, written by form, is nearest to the text, if one is
 * near enough to be what was meant; else STA_OPTION_MAX_. form is
 * sta_option_variable, sta_option_flag or sta_option_key. */
typedef char *sta_option_form_fn(enum sta_option_id id, char out[STA_OPTION_NAME_MAX]);
enum sta_option_id sta_option_nearest(const char *text, sta_option_form_fn *form);
char *sta_option_key(enum sta_option_id id, char out[STA_OPTION_NAME_MAX]);

#endif
