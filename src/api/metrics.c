#include <string.h>

#include "api/handlers.h"
#include "base/alloc.h"
#include "base/log.h"
#include "registry/pulls.h"
#include "registry/upload.h"

#define CLASSES 6 /* 0: the client went away; 1xx to 5xx */

static const uint64_t bound_ns[] = { 1000000,   3000000,    10000000,   30000000,    100000000,
				     300000000, 1000000000, 3000000000, 10000000000, 60000000000 };
static const char *const bound_text[] = {
	"0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10", "60"
};
#define BOUNDS (sizeof(bound_ns) / sizeof(bound_ns[0]))

struct series {
	atomic_uint_fast64_t by_class[CLASSES];
	atomic_uint_fast64_t bucket[BOUNDS + 1];
	atomic_uint_fast64_t total_ns;
	atomic_uint_fast64_t bytes_in, bytes_out;
};

struct sta_metrics {
	struct series route[STA_ROUTES_MAX + 1]; /* by place in the table; the last: no route */
};

enum sta_rc
sta_metrics_new(struct sta_metrics **out, struct sta_err *err)
{
	*out = sta_malloc(sizeof(**out));
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "metrics");
}

void
sta_metrics_free(struct sta_metrics *m)
{
	sta_free(m);
}

/* Counted under the first route of that label: a path as sent never becomes a label. */
static size_t
index_of(const struct sta_route *route)
{
	if (!route)
		return STA_ROUTES_MAX;
	for (size_t i = 0; i < sta_n_routes; i++)
		if (sta_routes[i].method == route->method && strcmp(sta_routes[i].label, route->label) == 0)
			return i;
	return STA_ROUTES_MAX;
}

void
sta_metrics_count(struct sta_metrics *m, const struct sta_access_record *rec)
{
	struct series *s = &m->route[index_of(rec->req->route)];
	size_t class =
		rec->aborted || rec->status < 100 || rec->status > 599 ? 0 : (size_t) rec->status / 100;
	size_t b = 0;

	while (b < BOUNDS && rec->total_ns > bound_ns[b])
		b++;
	atomic_fetch_add_explicit(&s->by_class[class], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->bucket[b], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->total_ns, rec->total_ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->bytes_in, rec->bytes_in, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->bytes_out, rec->bytes_out, memory_order_relaxed);
}

void
sta_api_observe(void *ctx, const struct sta_access_record *rec)
{
	struct sta_api *api = ctx;
	const struct sta_request *req = rec->req;
	bool quiet = req->route &&
		     (strcmp(req->route->label, "healthz") == 0 || strcmp(req->route->label, "readyz") == 0 ||
		      strcmp(req->route->label, "metrics") == 0);
	enum sta_log_level level = quiet ? STA_LOG_DEBUG : STA_LOG_INFO;

	sta_metrics_count(api->metrics, rec);
	if (!sta_log_enabled(level))
		return;
	sta_log(level, rec->aborted ? "request aborted" : "request",
		(const struct sta_log_field[]){
			STA_F_STR("id", req->id),
			STA_F_STR("user", req->log_user && *req->log_user ? req->log_user : "-"),
			STA_F_STR("peer", req->peer),
			STA_F_STR("method", sta_method_name(req->method)),
			STA_F_STR("route", req->route ? req->route->label : "-"),
			STA_F_STR("path", req->target),
			STA_F_INT("status", rec->status),
			STA_F_INT("in", rec->bytes_in),
			STA_F_INT("out", rec->bytes_out),
			STA_F_INT("us", rec->total_ns / 1000),
			STA_F_INT("wait_us", rec->wait_ns / 1000),
			STA_F_INT("work_us", rec->work_ns / 1000),
			STA_F_END,
		});
}

static uint64_t
get(const atomic_uint_fast64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static uint64_t
requests(const struct series *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < CLASSES; i++)
		n += get(&s->by_class[i]);
	return n;
}

static const char *
label_of(size_t i)
{
	return i < sta_n_routes ? sta_routes[i].label : "none";
}

static const char *
method_of(size_t i)
{
	return i < sta_n_routes ? sta_method_name(sta_routes[i].method) : "any";
}

static void
write_counts(const struct sta_metrics *m, struct sta_buf *b)
{
	static const char *const class_names[CLASSES] = { "aborted", "1xx", "2xx", "3xx", "4xx", "5xx" };

	sta_buf_str(b, "# HELP staithe_http_requests_total Requests, by route and class of status.\n"
		       "# TYPE staithe_http_requests_total counter\n");
	for (size_t i = 0; i <= STA_ROUTES_MAX; i++)
		for (size_t k = 0; k < CLASSES; k++)
			if (get(&m->route[i].by_class[k]) > 0)
				sta_buf_printf(b,
					       "staithe_http_requests_total{route=\"%s\",method=\"%s\","
					       "status=\"%s\"} %llu\n",
					       label_of(i), method_of(i), class_names[k],
					       (unsigned long long) get(&m->route[i].by_class[k]));
}

static void
write_histogram(const struct series *s, const char *route, const char *method, struct sta_buf *b)
{
	static const char name[] = "staithe_http_request_seconds";
	uint64_t total_ns = get(&s->total_ns);
	uint64_t sum = 0;

	for (size_t k = 0; k <= BOUNDS; k++) {
		sum += get(&s->bucket[k]);
		sta_buf_printf(b, "%s_bucket{route=\"%s\",method=\"%s\",le=\"%s\"} %llu\n", name, route,
			       method, k < BOUNDS ? bound_text[k] : "+Inf", (unsigned long long) sum);
	}
	sta_buf_printf(b, "%s_sum{route=\"%s\",method=\"%s\"} %.6f\n", name, route, method,
		       (double) total_ns / 1e9);
	sta_buf_printf(b, "%s_count{route=\"%s\",method=\"%s\"} %llu\n", name, route, method,
		       (unsigned long long) sum);
}

static void
write_routes(const struct sta_metrics *m, struct sta_buf *b)
{
	uint64_t in = 0;
	uint64_t out = 0;

	sta_buf_str(
		b,
		"# HELP staithe_http_request_seconds Time from the first byte to the end of the response.\n"
		"# TYPE staithe_http_request_seconds histogram\n");
	for (size_t i = 0; i <= STA_ROUTES_MAX; i++) {
		const struct series *s = &m->route[i];

		in += get(&s->bytes_in);
		out += get(&s->bytes_out);
		if (requests(s) > 0)
			write_histogram(s, label_of(i), method_of(i), b);
	}
	sta_buf_printf(b,
		       "# HELP staithe_http_received_bytes_total Bytes of request bodies.\n"
		       "# TYPE staithe_http_received_bytes_total counter\n"
		       "staithe_http_received_bytes_total %llu\n"
		       "# HELP staithe_http_sent_bytes_total Bytes of response bodies.\n"
		       "# TYPE staithe_http_sent_bytes_total counter\n"
		       "staithe_http_sent_bytes_total %llu\n",
		       (unsigned long long) in, (unsigned long long) out);
}

static void
write_one(struct sta_buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
	sta_buf_printf(b, "# HELP staithe_%s %s\n# TYPE staithe_%s %s\nstaithe_%s %llu\n", name, help, name,
		       type, name, (unsigned long long) value);
}

static void
write_server(struct sta_api *api, struct sta_buf *b)
{
	struct sta_server_stats s;

	if (!api->server)
		return;
	sta_server_stats(api->server, &s);
	write_one(b, "http_connections", "gauge", "Connections that are open.", s.connections);
	write_one(b, "http_requests_active", "gauge", "Requests under way.", s.requests_active);
	write_one(b, "http_connections_total", "counter", "Connections ever accepted.", s.accepted);
	write_one(b, "http_refused_framing_total", "counter", "Requests refused for ambiguous framing.",
		  s.refused_framing);
	write_one(b, "http_timed_out_total", "counter", "Connections closed because the client was too slow.",
		  s.timed_out);
}

static void
write_database(struct sta_api *api, struct sta_buf *b)
{
	struct sta_db_stats s;

	if (!api->db)
		return;
	sta_db_stats(api->db, &s);
	write_one(b, "db_transactions_total", "counter", "Transactions that were committed.", s.transactions);
	write_one(b, "db_commits_total", "counter", "Commits of the database; one holds many transactions.",
		  s.commits);
	write_one(b, "db_failed_total", "counter", "Transactions that were rolled back.", s.failed);
	write_one(b, "db_waiting", "gauge", "Transactions waiting for the writer.", s.waiting);
	write_one(b, "db_wal_bytes", "gauge", "Length of the write-ahead log.", s.wal_bytes);
	write_one(b, "db_checkpoints_total", "counter", "Checkpoints of the write-ahead log.", s.checkpoints);
}

void
sta_metrics_write(struct sta_api *api, struct sta_buf *b)
{
	struct sta_upload_stats u;
	struct sta_login_stats l;

	write_counts(api->metrics, b);
	write_routes(api->metrics, b);
	write_server(api, b);
	write_database(api, b);
	sta_login_stats(api->r, &l);
	write_one(b, "login_failed_total", "counter", "Wrong passwords and unknown tokens.", l.failed);
	write_one(b, "login_delayed_total", "counter",
		  "Attempts to sign in that came too soon after failed ones and were not looked at.",
		  l.delayed);
	write_one(b, "pulls_not_counted_total", "counter",
		  "Pulls and heads that found no place among what is to be written down.",
		  sta_pulls_lost(api->r));
	sta_upload_stats(api->r, &u);
	write_one(b, "uploads_active", "gauge", "Uploads that a request is writing to.", u.held);
	write_one(b, "upload_buffer_bytes", "gauge", "Memory of upload buffers.", u.buffer_bytes);
	if (api->workers)
		write_one(b, "workers_waiting", "gauge", "Jobs waiting for a worker.",
			  sta_pool_waiting(api->workers));
}
