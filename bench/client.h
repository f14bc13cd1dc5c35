/*
 * client - a registry client that waits for each answer, and pushes blobs and manifests.
 *
 * Contents are cheap to make and differ everywhere: one random block for each
 * client, with the seed of the blob and the number of the piece written over
 * its first bytes for each piece that is sent.  Digests are computed before
 * the clock starts, from the same pieces.
 *
 * May include: bench/load.  Threads: one owner.
 */
#ifndef STA_BENCH_CLIENT_H
#define STA_BENCH_CLIENT_H

#include "bench/load.h"

#define STA_PIECE ((size_t) 256 * 1024) /* what one send(2) takes */
#define STA_PIECE_ROOM 16               /* around it, for the framing of a chunk */
#define STA_DIGEST_MAX 72
#define STA_URL_MAX 4096

struct sta_blob {
	char digest[STA_DIGEST_MAX]; /* "sha256:<hex>" */
	uint64_t size;
	uint64_t seed;
	const char *text; /* its bytes; NULL: made from the seed */
};

struct sta_client {
	const struct sta_load *load;
	struct sta_tally *tally;
	struct sta_conn conn;
	struct sta_answer answer;
	char url[STA_URL_MAX]; /* of the upload under way */
	char request[8192];    /* head that is sent */
	char *pool;            /* whole pieces: STA_PIECE_ROOM, STA_PIECE bytes, STA_PIECE_ROOM */
	char *scratch;         /* as large, for shorter pieces */
};

/* The next of a row of numbers that looks random. */
uint64_t sta_mix(uint64_t *state);

enum sta_rc sta_client_init(struct sta_client *c, const struct sta_load *load, struct sta_tally *tally,
			    struct sta_err *err) STA_CHECK;
void sta_client_done(struct sta_client *c);

/* Fill in the digest of a blob with a seed and a size, or with a text. */
enum sta_rc sta_blob_hash(struct sta_blob *b, struct sta_client *c, struct sta_err *err) STA_CHECK;

/* Send a request with text (or NULL) as body and wait for the answer.  Returns its status, which is
 * counted unless it is expected; 0 when the connection failed, which is counted too. */
int sta_client_ask(struct sta_client *c, const char *method, const char *path, const char *type,
		   const char *text, int expected);

/* Begin an upload in the package: c->url is then where its bytes go. */
bool sta_client_begin(struct sta_client *c, const char *package) STA_CHECK;
/* Keep the answer's Location as c->url. */
bool sta_client_follow(struct sta_client *c) STA_CHECK;

/* Push the blob in the way that load->upload says. */
bool sta_client_push(struct sta_client *c, const char *package, const struct sta_blob *b) STA_CHECK;

#endif
