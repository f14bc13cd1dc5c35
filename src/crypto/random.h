/*
 * random - bytes from getrandom(2).
 *
 * Layer: crypto.  May include: base.  Threads: any.
 */
#ifndef STA_CRYPTO_RANDOM_H
#define STA_CRYPTO_RANDOM_H

#include <stddef.h>

#include "base/err.h"

enum sta_rc sta_random_bytes(void *out, size_t len, struct sta_err *err) STA_CHECK;

/* n characters of [0-9A-Za-z] and a NUL; unbiased. out holds n + 1. */
enum sta_rc sta_random_base62(char *out, size_t n, struct sta_err *err) STA_CHECK;

/* 128 bits as a lower-case UUID version 4 text (36 characters and NUL). */
#define STA_UUID_TEXT_MAX 37
enum sta_rc sta_random_uuid(char out[STA_UUID_TEXT_MAX], struct sta_err *err) STA_CHECK;

#endif
