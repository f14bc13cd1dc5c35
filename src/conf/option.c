#include "conf/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/address.h"

/* A table is read by its columns. */
/* clang-format off */
const struct sta_option sta_options[STA_OPTION_MAX_] = {
	[STA_OPTION_DATA] = {
		.name = "data", .type = STA_OPTION_STRING, .def = "", .unit = "directory",
		.help = "Where everything is kept: database, blobs, lock, control socket; serve makes it.",
	},
	[STA_OPTION_LISTEN] = {
		.name = "listen", .type = STA_OPTION_STRING, .def = "127.0.0.1:5000", .unit = "ADDRESS:PORT",
		.valid = sta_listen_valid, .expects = "ADDRESS:PORT, such as 127.0.0.1:5000 or [::1]:5000",
		.help = "Where to accept connections; port 0 takes any free one.",
	},
	[STA_OPTION_INSECURE_LISTEN] = {
		.name = "insecure_listen", .type = STA_OPTION_BOOL, .def = "false", .unit = "",
		.help = "Let other machines connect without TLS: on a private network, behind a proxy that does TLS.",
	},
	[STA_OPTION_PUBLIC_URL] = {
		.name = "public_url", .type = STA_OPTION_STRING, .def = "", .unit = "URL",
		.valid = sta_public_url_valid,
		.expects = "a URL without a path, such as https://registry.example.com",
		.help = "Where clients reach this server; without it, what the Host header of each request says.",
	},
	[STA_OPTION_TLS_CERTIFICATE] = {
		.name = "tls.certificate", .type = STA_OPTION_STRING, .def = "", .unit = "file",
		.help = "PEM file with the certificate and its chain; the file is read again on SIGHUP.",
	},
	[STA_OPTION_TLS_KEY] = {
		.name = "tls.key", .type = STA_OPTION_STRING, .def = "", .unit = "file",
		.help = "PEM file with the private key; the file is read again on SIGHUP.",
	},
	[STA_OPTION_LOG_LEVEL] = {
		.name = "log.level", .type = STA_OPTION_ENUM, .def = "info", .unit = "",
		.choices = "debug|info|warn|error", .reload = true,
		.help = "The least important messages that are still written.",
	},
	[STA_OPTION_LOG_FORMAT] = {
		.name = "log.format", .type = STA_OPTION_ENUM, .def = "text", .unit = "", .choices = "text|json",
		.help = "How a line of the log, on standard error, is written.",
	},
	[STA_OPTION_WORKERS] = {
		.name = "workers", .type = STA_OPTION_U64, .def = "0", .unit = "threads", .min = "0", .max = "1024",
		.help = "Threads for work that waits for disks; 0: two for each core, at least 4.",
	},
	[STA_OPTION_SHUTDOWN_GRACE] = {
		.name = "shutdown_grace", .type = STA_OPTION_SPAN, .def = "30s", .unit = "time",
		.min = "0s", .max = "1h",
		.help = "How long requests under way may take to finish when the server is stopped.",
	},
	[STA_OPTION_HTTP_LOOPS] = {
		.name = "http.loops", .type = STA_OPTION_U64, .def = "0", .unit = "threads", .min = "0", .max = "256",
		.help = "Threads that read and write connections; 0: one for each core.",
	},
	[STA_OPTION_HTTP_CONNECTIONS_MAX] = {
		.name = "http.connections_max", .type = STA_OPTION_U64, .def = "10000", .unit = "connections",
		.min = "1", .max = "1000000",
		.help = "Connections that may be open at a time.",
	},
	[STA_OPTION_HTTP_CONNECTIONS_PER_PEER] = {
		.name = "http.connections_per_peer", .type = STA_OPTION_U64, .def = "0", .unit = "connections",
		.min = "0", .max = "1000000",
		.help = "Connections that one address may hold; 0: no limit (behind a proxy all come from one).",
	},
	[STA_OPTION_HTTP_HEADER_TIMEOUT] = {
		.name = "http.header_timeout", .type = STA_OPTION_SPAN, .def = "10s", .unit = "time",
		.min = "1s", .max = "1h",
		.help = "Within this time the headers of a request must have arrived.",
	},
	[STA_OPTION_HTTP_IDLE_TIMEOUT] = {
		.name = "http.idle_timeout", .type = STA_OPTION_SPAN, .def = "60s", .unit = "time",
		.min = "1s", .max = "1h",
		.help = "A connection on which nothing moves for so long is closed.",
	},
	[STA_OPTION_HTTP_BODY_TIMEOUT] = {
		.name = "http.body_timeout", .type = STA_OPTION_SPAN, .def = "10m", .unit = "time",
		.min = "1s", .max = "7d",
		.help = "Within this time the body of one request must have arrived.",
	},
	[STA_OPTION_HTTP_TRUSTED_PROXIES] = {
		.name = "http.trusted_proxies", .type = STA_OPTION_LIST, .def = "", .unit = "addresses",
		.valid = sta_address_valid, .expects = "an address, such as 192.0.2.7 or 2001:db8::7",
		.help = "Proxies whose X-Forwarded-For and X-Forwarded-Proto headers count.",
	},
	[STA_OPTION_LIMITS_LAYER] = {
		.name = "limits.layer", .type = STA_OPTION_SIZE, .def = "10GB", .unit = "bytes",
		.min = "1", .max = "16TiB",
		.help = "Largest blob that may be uploaded.",
	},
	[STA_OPTION_LIMITS_MANIFEST] = {
		.name = "limits.manifest", .type = STA_OPTION_SIZE, .def = "4MiB", .unit = "bytes",
		.min = "1KiB", .max = "4MiB",
		.help = "Largest manifest that may be pushed.",
	},
	[STA_OPTION_LIMITS_UPLOADS_PER_USER] = {
		.name = "limits.uploads_per_user", .type = STA_OPTION_U64, .def = "1000", .unit = "uploads",
		.min = "1", .max = "1000000",
		.help = "Unfinished uploads that one user may have.",
	},
	[STA_OPTION_MANIFESTS_SPARSE] = {
		.name = "manifests.sparse", .type = STA_OPTION_BOOL, .def = "false", .unit = "",
		.help = "Accept manifests whose blobs are not in the package, as partial mirrors push them.",
	},
	[STA_OPTION_FORGES] = {
		.name = "forges", .type = STA_OPTION_LIST, .def = "https://github.com/", .unit = "URLs",
		.valid = sta_forge_valid, .expects = "the beginning of URLs, such as https://github.com/",
		.help = "What stands before OWNER/REPO where an image says which repository it is from.",
	},
	[STA_OPTION_NAMES_RETIRE_AFTER] = {
		.name = "names.retire_after", .type = STA_OPTION_U64, .def = "5000", .unit = "pulls",
		.min = "0", .max = "1000000000000",
		.help = "A public package pulled so often leaves a name that only its owner can use again; 0: never.",
	},
	[STA_OPTION_TRASH_KEEP] = {
		.name = "trash.keep", .type = STA_OPTION_SPAN, .def = "30d", .unit = "time",
		.min = "0s", .max = "365d",
		.help = "For so long a deleted version or package can be restored; 0s: it is gone at once.",
	},
	[STA_OPTION_DELETE_LAST_TAGGED] = {
		.name = "delete.last_tagged", .type = STA_OPTION_BOOL, .def = "false", .unit = "",
		.help = "Let the packages API delete the last version of a package that has a tag.",
	},
	[STA_OPTION_DELETE_POPULAR_AFTER] = {
		.name = "delete.popular_after", .type = STA_OPTION_U64, .def = "5000", .unit = "pulls",
		.min = "0", .max = "1000000000000",
		.help = "The packages API deletes no public version that was pulled more often; 0: it may.",
	},
	[STA_OPTION_DELETE_CASCADE] = {
		.name = "delete.cascade", .type = STA_OPTION_BOOL, .def = "false", .unit = "",
		.help = "The packages API deletes with a version those untagged that only it lists or that refer to it.",
	},
	[STA_OPTION_STATISTICS_KEEP] = {
		.name = "statistics.keep", .type = STA_OPTION_SPAN, .def = "400d", .unit = "time",
		.min = "1d", .max = "3650d",
		.help = "Pulls are counted by day for so long; of days before that only the sums stay.",
	},
	[STA_OPTION_API_RATE_LIMIT] = {
		.name = "api.rate_limit", .type = STA_OPTION_U64, .def = "50000", .unit = "requests",
		.min = "1", .max = "1000000000",
		.help = "Requests to the REST interface that one account, or address without one, has in an hour.",
	},
	[STA_OPTION_GC_UPLOAD_TTL] = {
		.name = "gc.upload_ttl", .type = STA_OPTION_SPAN, .def = "24h", .unit = "time",
		.min = "1s", .max = "365d",
		.help = "An unfinished upload that nothing is added to for so long is removed.",
	},
	[STA_OPTION_GC_GRACE] = {
		.name = "gc.grace", .type = STA_OPTION_SPAN, .def = "1h", .unit = "time", .min = "1s", .max = "365d",
		.help = "A blob that no manifest uses is kept for so long after its last use.",
	},
	[STA_OPTION_GC_INTERVAL] = {
		.name = "gc.interval", .type = STA_OPTION_SPAN, .def = "10m", .unit = "time",
		.min = "1s", .max = "30d",
		.help = "How often the server looks for what can be removed.",
	},
	[STA_OPTION_TOKEN_TTL] = {
		.name = "token.ttl", .type = STA_OPTION_SPAN, .def = "5m", .unit = "time", .min = "1s", .max = "24h",
		.help = "Lifetime of the tokens that clients get from the token service and renew by themselves.",
	},
	[STA_OPTION_WORKFLOW_TOKEN_TTL] = {
		.name = "workflow.token_ttl", .type = STA_OPTION_SPAN, .def = "1h", .unit = "time",
		.min = "1s", .max = "24h",
		.help = "Lifetime of the tokens that jobs of workflows ask for.",
	},
	[STA_OPTION_WORKFLOW_KEYS_TTL] = {
		.name = "workflow.keys_ttl", .type = STA_OPTION_SPAN, .def = "10m", .unit = "time",
		.min = "1s", .max = "24h",
		.help = "After this time the keys of an issuer of workflows' tokens are fetched anew.",
	},
	[STA_OPTION_NET_ALLOW] = {
		.name = "net.allow", .type = STA_OPTION_LIST, .def = "", .unit = "addresses",
		.valid = sta_range_valid, .expects = "a range of addresses, such as 10.1.0.0/16 or 2001:db8::7",
		.help = "Private addresses that the server may connect to, on any port, also without TLS.",
	},
	[STA_OPTION_NET_CA_FILE] = {
		.name = "net.ca_file", .type = STA_OPTION_STRING, .def = "", .unit = "file",
		.help = "PEM file with authorities that are trusted beside the system's, where the server connects to.",
	},
	[STA_OPTION_LOGIN_FREE_ATTEMPTS] = {
		.name = "login.free_attempts", .type = STA_OPTION_U64, .def = "5", .unit = "attempts",
		.min = "0", .max = "1000",
		.help = "Wrong passwords for an account before the next one has to wait; 0: none ever waits.",
	},
};
/* clang-format on */

enum sta_option_id
sta_option_find(const char *name)
{
	enum sta_option_id id = 0;

	while (id < STA_OPTION_MAX_ && strcmp(sta_options[id].name, name) != 0)
		id++;
	return id;
}

char *
sta_option_key(enum sta_option_id id, char out[STA_OPTION_NAME_MAX])
{
	(void) snprintf(out, STA_OPTION_NAME_MAX, "%s", sta_options[id].name);
	return out;
}

char *
sta_option_variable(enum sta_option_id id, char out[STA_OPTION_NAME_MAX])
{
	(void) snprintf(out, STA_OPTION_NAME_MAX, "STAITHE_%s", sta_options[id].name);
	for (char *p = out; *p != '\0'; p++) {
		*p = (char) toupper((unsigned char) *p);
		if (*p == '.')
			*p = '_';
	}
	return out;
}

char *
sta_option_flag(enum sta_option_id id, char out[STA_OPTION_NAME_MAX])
{
	(void) snprintf(out, STA_OPTION_NAME_MAX, "--%s", sta_options[id].name);
	for (char *p = out; *p != '\0'; p++)
		if (*p == '.' || *p == '_')
			*p = '-';
	return out;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

size_t
sta_edit_distance(const char *a, const char *b)
{
	size_t row[STA_OPTION_NAME_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > STA_OPTION_NAME_MAX || b_len > STA_OPTION_NAME_MAX)
		return STA_OPTION_NAME_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

enum sta_option_id
sta_option_nearest(const char *text, sta_option_form_fn *form)
{
	/* Half of a short name, and a few slips of a long one. */
	size_t best = strlen(text) / 3 + 1;
	enum sta_option_id found = STA_OPTION_MAX_;
	char name[STA_OPTION_NAME_MAX];

	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++) {
		size_t distance = sta_edit_distance(text, form(id, name));

		if (distance < best) {
			best = distance;
			found = id;
		}
	}
	return found;
}
