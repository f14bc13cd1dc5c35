#include "bench/client.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"

#define CHUNK_END 2 /* "\r\n" behind a chunk */
#define STAMP 64    /* bytes of each piece that no other piece has */

uint64_t
sta_mix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

enum sta_rc
sta_client_init(struct sta_client *c, const struct sta_load *load, struct sta_tally *tally,
		struct sta_err *err)
{
	uint64_t state = load->seed;

	*c = (struct sta_client){ .load = load, .tally = tally, .conn.fd = -1 };
	c->pool = sta_malloc(STA_PIECE + 2 * (size_t) STA_PIECE_ROOM);
	c->scratch = sta_malloc(STA_PIECE + 2 * (size_t) STA_PIECE_ROOM);
	if (!c->pool || !c->scratch)
		return sta_err_set(err, STA_NOMEM, 0, "a client");
	for (size_t i = 0; i < STA_PIECE; i += sizeof state) {
		uint64_t word = sta_mix(&state);

		memcpy(c->pool + STA_PIECE_ROOM + i, &word, sizeof word);
	}
	return sta_conn_open(&c->conn, &load->target, err);
}

void
sta_client_done(struct sta_client *c)
{
	if (c->conn.fd >= 0)
		sta_conn_close(&c->conn);
	sta_free(c->pool);
	sta_free(c->scratch);
	c->pool = NULL;
	c->scratch = NULL;
}

/* The bytes of the blob from at, at most one piece; *len says how many.  Around them is room to write. */
static char *
piece_of(struct sta_client *c, const struct sta_blob *b, uint64_t at, size_t *len)
{
	char *data = c->pool + STA_PIECE_ROOM;
	uint64_t state = b->seed ^ (at << 8);

	*len = b->size - at < STA_PIECE ? (size_t) (b->size - at) : STA_PIECE;
	if (*len < STA_PIECE) { /* what is written behind it must not fall into the pool */
		data = c->scratch + STA_PIECE_ROOM;
		memcpy(data, b->text ? b->text + at : c->pool + STA_PIECE_ROOM, *len);
	}
	for (size_t i = 0; !b->text && i < STAMP && i + sizeof state <= *len; i += sizeof state) {
		uint64_t word = sta_mix(&state);

		memcpy(data + i, &word, sizeof word);
	}
	return data;
}

static void
free_md(EVP_MD_CTX **md)
{
	EVP_MD_CTX_free(*md);
}

enum sta_rc
sta_blob_hash(struct sta_blob *b, struct sta_client *c, struct sta_err *err)
{
	STA_AUTO(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_len = 0;
	size_t len = 0;

	if (b->text)
		b->size = strlen(b->text);
	if (!md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return sta_err_set(err, STA_NOMEM, 0, "SHA-256");
	for (uint64_t at = 0; at < b->size; at += len) {
		const char *data = piece_of(c, b, at, &len);

		(void) EVP_DigestUpdate(md, data, len);
	}
	(void) EVP_DigestFinal_ex(md, hash, &hash_len);
	memcpy(b->digest, "sha256:", 8);
	sta_hex(hash, hash_len, b->digest + 7);
	return STA_OK;
}

/* Wait for the answer to what was sent. */
static int
answer(struct sta_client *c, bool is_head, int expected)
{
	uint64_t received = 0;

	sta_answer_reset(&c->answer);
	if (sta_answer_read(&c->answer, &c->conn, is_head, &received) != STA_STEP_DONE) {
		c->tally->broken++;
		sta_conn_close(&c->conn);
		return 0;
	}
	if (c->answer.close)
		sta_conn_close(&c->conn);
	if (c->answer.status != expected)
		c->tally->status[c->answer.status]++;
	return c->answer.status;
}

/* Send the head of a request; extra holds further header lines. */
static bool
send_head(struct sta_client *c, const char *method, const char *path, const char *extra)
{
	struct sta_err err;
	int len = snprintf(c->request, sizeof c->request, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", method,
			   path, c->load->target.host, c->load->headers.data ? c->load->headers.data : "",
			   extra);

	if (len >= 0 && (size_t) len < sizeof c->request) {
		if (c->conn.fd < 0) {
			c->tally->reopened++;
			if (sta_conn_open(&c->conn, &c->load->target, &err) != STA_OK)
				len = 0;
		}
		if (len && sta_conn_send(&c->conn, c->request, (size_t) len))
			return true;
	}
	c->tally->broken++;
	sta_conn_close(&c->conn);
	return false;
}

int
sta_client_ask(struct sta_client *c, const char *method, const char *path, const char *type, const char *text,
	       int expected)
{
	char extra[256] = "";
	bool has_body = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;

	if (has_body)
		(void) snprintf(extra, sizeof extra, "%s%s%sContent-Length: %zu\r\n",
				type ? "Content-Type: " : "", type ? type : "", type ? "\r\n" : "",
				text ? strlen(text) : 0);
	if (!send_head(c, method, path, extra))
		return 0;
	if (text && !sta_conn_send(&c->conn, text, strlen(text))) {
		c->tally->broken++;
		sta_conn_close(&c->conn);
		return 0;
	}
	return answer(c, strcmp(method, "HEAD") == 0, expected);
}

bool
sta_client_follow(struct sta_client *c)
{
	const char *to = c->answer.location;
	const char *host = to ? strstr(to, "://") : NULL;

	if (host && host < to + 6)
		to = strchr(host + 3, '/');
	return to && snprintf(c->url, sizeof c->url, "%s", to) < (int) sizeof c->url;
}

bool
sta_client_begin(struct sta_client *c, const char *package)
{
	char path[512];

	(void) snprintf(path, sizeof path, "/v2/%s/blobs/uploads/", package);
	return sta_client_ask(c, "POST", path, NULL, NULL, 202) == 202 && sta_client_follow(c);
}

/* Write the framing of a chunk around a piece and return where it begins. */
static char *
frame(char *data, size_t *len)
{
	char size[STA_PIECE_ROOM];
	int n = snprintf(size, sizeof size, "%zx\r\n", *len);
	char *begin = data - n;

	memcpy(begin, size, (size_t) n);
	memcpy(data + *len, "\r\n", CHUNK_END);
	*len += (size_t) n + CHUNK_END;
	return begin;
}

/* The whole blob as the body of method at c->url; true with the expected answer. */
static bool
send_blob(struct sta_client *c, const char *method, const struct sta_blob *b, bool chunked, int expected)
{
	char extra[160];
	size_t len = 0;
	bool sent = true;

	(void) snprintf(extra, sizeof extra,
			"Content-Type: application/octet-stream\r\nContent-Length: %llu\r\n",
			(unsigned long long) b->size);
	if (chunked)
		(void) snprintf(extra, sizeof extra,
				"Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n");
	if (!send_head(c, method, c->url, extra))
		return false;
	for (uint64_t at = 0; sent && at < b->size; at += STA_PIECE) {
		char *data = piece_of(c, b, at, &len);

		if (chunked)
			data = frame(data, &len);
		sent = sta_conn_send(&c->conn, data, len);
	}
	if (sent && chunked)
		sent = sta_conn_send(&c->conn, "0\r\n\r\n", 5);
	/* Even after a failure there may be an answer that says why. */
	return answer(c, false, expected) == expected && sent;
}

/* Add the digest to the query of c->url. */
static bool
add_digest(struct sta_client *c, const struct sta_blob *b)
{
	size_t have = strlen(c->url);
	int n = snprintf(c->url + have, sizeof c->url - have, "%cdigest=%s", strchr(c->url, '?') ? '&' : '?',
			 b->digest);

	return n > 0 && (size_t) n < sizeof c->url - have;
}

bool
sta_client_push(struct sta_client *c, const char *package, const struct sta_blob *b)
{
	if (!sta_client_begin(c, package))
		return false;
	if (c->load->upload == STA_UPLOAD_PUT)
		return add_digest(c, b) && send_blob(c, "PUT", b, false, 201);
	return send_blob(c, "PATCH", b, c->load->upload == STA_UPLOAD_CHUNKED, 202) && sta_client_follow(c) &&
	       add_digest(c, b) && sta_client_ask(c, "PUT", c->url, NULL, NULL, 201) == 201;
}
