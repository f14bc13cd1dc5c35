#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/alloc.h"
#include "http/mhd_internal.h"

#define CHAIN_MAX 8
#define JOIN_MAX ((uint64_t) 12 << 10) /* and a head are rarely more than one record, 16 KiB */

/* A certificate chain with its key.  Pairs that were replaced stay until the
 * server goes, as a handshake may be using them. */
struct pair {
	struct pair *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n_chain;
	gnutls_privkey_t key;
};

struct sta_tls {
	const char *certificate, *key; /* borrowed from the server's copy of its options */
	struct pair *_Atomic newest;
};

static void
pair_free(struct pair *p)
{
	for (unsigned i = 0; i < p->n_chain; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	sta_free(p);
}

/* p holds what was read when this fails. */
static int
read_pair(struct pair *p, const char *certificate, const char *key)
{
	gnutls_datum_t pem = { 0 };
	unsigned n = CHAIN_MAX;
	int rc = gnutls_load_file(certificate, &pem);

	if (rc < 0)
		return rc;
	rc = gnutls_pcert_list_import_x509_raw(p->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
	gnutls_free(pem.data);
	if (rc < 0)
		return rc;
	p->n_chain = n;
	rc = gnutls_load_file(key, &pem);
	if (rc < 0)
		return rc;
	rc = gnutls_privkey_init(&p->key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return rc;
}

static gnutls_sign_algorithm_t
signature_of(gnutls_privkey_t key, gnutls_digest_algorithm_t hash)
{
	int algorithm = gnutls_privkey_get_pk_algorithm(key, NULL);

	return gnutls_pk_to_sign((gnutls_pk_algorithm_t) algorithm, hash);
}

/* Does the key sign what the certificate verifies? */
static int
check_pair(const struct pair *p)
{
	static unsigned char text[] = "staithe";
	const gnutls_datum_t data = { .data = text, .size = sizeof(text) };
	gnutls_pubkey_t pub = p->chain[0].pubkey;
	gnutls_datum_t signature = { 0 };
	gnutls_digest_algorithm_t hash;
	int rc = gnutls_pubkey_get_preferred_hash_algorithm(pub, &hash, NULL);

	if (rc >= 0)
		rc = gnutls_privkey_sign_data(p->key, hash, 0, &data, &signature);
	if (rc >= 0)
		rc = gnutls_pubkey_verify_data2(pub, signature_of(p->key, hash), 0, &data, &signature);
	gnutls_free(signature.data);
	return rc;
}

enum sta_rc
sta_tls_reload(struct sta_tls *t, struct sta_err *err)
{
	struct pair *p = sta_malloc(sizeof(*p));
	int rc;

	if (!p)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	rc = read_pair(p, t->certificate, t->key);
	if (rc >= 0)
		rc = check_pair(p);
	if (rc < 0) {
		pair_free(p);
		return sta_err_set(err, STA_INVALID, 0, "certificate '%s' with key '%s': %s", t->certificate,
				   t->key, gnutls_strerror(rc));
	}
	p->older = atomic_load(&t->newest);
	while (!atomic_compare_exchange_weak(&t->newest, &p->older, p))
		;
	return STA_OK;
}

enum sta_rc
sta_tls_new(const char *certificate, const char *key, struct sta_tls **out, struct sta_err *err)
{
	struct sta_tls *t = sta_malloc(sizeof(*t));
	enum sta_rc rc;

	if (!t)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	t->certificate = certificate;
	t->key = key;
	rc = sta_tls_reload(t, err);
	if (rc != STA_OK) {
		sta_free(t);
		return rc;
	}
	*out = t;
	return STA_OK;
}

void
sta_tls_free(struct sta_tls *t)
{
	struct pair *p = t ? atomic_load(&t->newest) : NULL;

	while (p) {
		struct pair *older = p->older;

		pair_free(p);
		p = older;
	}
	sta_free(t);
}

/* The library leaves its connection in the session. */
static struct sta_mhd_conn *
conn_of(gnutls_session_t session)
{
	struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
	const union MHD_ConnectionInfo *info =
		mhd ? MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT) : NULL;

	return info ? info->socket_context : NULL;
}

static int
choose(gnutls_session_t session, const gnutls_datum_t *ca, int n_ca, const gnutls_pk_algorithm_t *algorithms,
       int n_algorithms, gnutls_pcert_st **chain, unsigned *n_chain, gnutls_privkey_t *key)
{
	const struct sta_mhd_conn *conn = conn_of(session);
	struct pair *p = conn ? atomic_load(&conn->server->tls->newest) : NULL;

	(void) ca, (void) n_ca, (void) algorithms, (void) n_algorithms;
	if (!p)
		return -1;
	*chain = p->chain;
	*n_chain = p->n_chain;
	*key = p->key;
	return 0;
}

struct MHD_OptionItem
sta_tls_option(void)
{
	return (struct MHD_OptionItem){ .option = MHD_OPTION_HTTPS_CERT_CALLBACK,
					.ptr_value = (void *) choose };
}

void
sta_tls_send_last(struct MHD_Connection *mhd, const void *p, size_t len)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info ? info->tls_session : NULL;

	if (!session)
		return;
	(void) gnutls_record_send(session, p, len);
	(void) gnutls_bye(session, GNUTLS_SHUT_WR);
}

/* gnutls_record_recv() of this program and of the libraries in it; see mhd_wire.c. */
__attribute__((visibility("default"))) ssize_t sta_tls_recv(gnutls_session_t session, void *data,
							    size_t size) __asm__("gnutls_record_recv");

ssize_t
sta_tls_recv(gnutls_session_t session, void *data, size_t size)
{
	ssize_t n = gnutls_record_recv_seq(session, data, size, NULL);
	struct sta_mhd_conn *conn = n > 0 || n == GNUTLS_E_AGAIN ? conn_of(session) : NULL;

	if (!conn)
		return n;
	if (n < 0 && conn->rest.asked)
		sta_mhd_rest_unread(conn, data, size);
	return n < 0 || sta_mhd_wire_read(conn, data, (size_t) n) ? n : GNUTLS_E_INTERRUPTED;
}

void
sta_tls_join(struct sta_mhd_request *er)
{
	const struct sta_response *res = &er->res;
	bool has_body = res->status >= 200 && res->status != 204 && res->status != 304;

	if (er->req.method != STA_HEAD && has_body && res->kind == STA_REPLY_BYTES && res->size > 0 &&
	    res->size <= JOIN_MAX)
		er->conn->join = STA_JOIN_HEAD;
}

/* gnutls_record_send() likewise.  The library sends a head and at once a body, each in a
 * record with a system call of its own; those of sta_tls_join() go in one.  gnutls_record_uncork()
 * calls this too. */
__attribute__((visibility("default"))) ssize_t sta_tls_send(gnutls_session_t session, const void *data,
							    size_t size) __asm__("gnutls_record_send");

ssize_t
sta_tls_send(gnutls_session_t session, const void *data, size_t size)
{
	struct sta_mhd_conn *conn = conn_of(session);
	enum sta_tls_join join = conn ? conn->join : STA_JOIN_NOTHING;
	ssize_t n = 0;

	if (join == STA_JOIN_HEAD)
		gnutls_record_cork(session);
	if (join != STA_JOIN_LEFT)
		n = gnutls_record_send2(session, data, size, 0, 0);
	if (join == STA_JOIN_NOTHING || n < 0)
		return n;
	if (join == STA_JOIN_HEAD) {
		conn->join = STA_JOIN_BODY;
		return n;
	}
	conn->join = STA_JOIN_NOTHING;
	n = gnutls_record_uncork(session, 0);
	if (n >= 0)
		return (ssize_t) size;
	conn->join = STA_JOIN_LEFT; /* GnuTLS has all of it; the library comes again with the body */
	return n;
}
