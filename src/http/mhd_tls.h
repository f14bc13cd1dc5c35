/*
 * mhd_tls - TLS: the certificate, and what passes between the library and GnuTLS.
 *
 * Layer: http.  May include: base.  Threads: sta_tls_reload() any, besides everything else;
 * sta_tls_join() and _send_last() on the loop of the connection.
 */
#ifndef STA_HTTP_MHD_TLS_H
#define STA_HTTP_MHD_TLS_H

#include <stddef.h>

#include "base/err.h"

struct MHD_Connection;
struct MHD_OptionItem;
struct sta_mhd_request;
struct sta_tls;

/* What is sent next on a connection, when a head and its body go in one record. */
enum sta_tls_join {
	STA_JOIN_NOTHING,
	STA_JOIN_HEAD,
	STA_JOIN_BODY,
	STA_JOIN_LEFT, /* what would not go before, of both */
};

/* The paths are borrowed.  STA_INVALID: no PEM, or the key is not that of the certificate. */
enum sta_rc sta_tls_new(const char *certificate, const char *key, struct sta_tls **out,
			struct sta_err *err) STA_CHECK;
/* Read the files again.  Handshakes from now on use them; nothing changes when this fails. */
enum sta_rc sta_tls_reload(struct sta_tls *t, struct sta_err *err) STA_CHECK;
void sta_tls_free(struct sta_tls *t);
struct MHD_OptionItem sta_tls_option(void);
/* The response is about to be queued: a small one goes in one record. */
void sta_tls_join(struct sta_mhd_request *er);
/* Send p and then the end of the stream. */
void sta_tls_send_last(struct MHD_Connection *mhd, const void *p, size_t len);

#endif
