/*
 * rest_body - the JSON object that a request of the REST interface has as its body.
 *
 *	struct sta_rest_value name, size;
 *	const struct sta_rest_field fields[] = {
 *		{ "name", STA_REST_TEXT, STA_REST_REQUIRED, &name },
 *		{ "size", STA_REST_NUMBER, 0, &size },
 *	};
 *	rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
 *
 * A field that is not named, of another type, or missing is refused before anything is done, in GitHub's
 *words: 422, or 400 where the body is no JSON object, 415 where it is said to be something else.  A body of
 *no bytes is an object without fields.  What a body says is never repeated in a message: it may be a
 *password.
 *
 * Only files of api/ include this.
 *
 * Layer: api.
 */
#ifndef STA_API_REST_BODY_H
#define STA_API_REST_BODY_H

#include "api/rest.h"

#define STA_REST_BODY_MAX 65536 /* bytes of a body; 413 above */
/* In the table of routes. */
#define STA_REST_JSON_BODY STA_BODY_MEMORY, STA_REST_BODY_MAX, false, NULL

enum sta_rest_type { STA_REST_TEXT, STA_REST_BOOL, STA_REST_NUMBER, STA_REST_TEXTS };
#define STA_REST_REQUIRED 1U
#define STA_REST_OR_NULL 2U /* null is a value, too */

/* Of a field; texts are in the request's arena. */
struct sta_rest_value {
	bool given;
	bool null;
	const char *text;
	bool flag;
	int64_t number;
	const char **texts;
	size_t n;
};

struct sta_rest_field {
	const char *name;
	enum sta_rest_type type;
	unsigned rules;
	struct sta_rest_value *value;
};
#define STA_REST_N(fields) (sizeof(fields) / sizeof((fields)[0]))

enum sta_rc sta_rest_body(struct sta_request *req, const struct sta_rest_field *fields, size_t n,
			  struct sta_err *err) STA_CHECK;

/* For a parameter of the query that is true or false, as for one that is missing: 422. */
enum sta_rc sta_rest_query_flag(struct sta_request *req, const char *name, bool *out,
				struct sta_err *err) STA_CHECK;

/* What an operation answered, as the REST interface has it: what is not valid is 422, what exists is 409. */
enum sta_rc sta_rest_verdict(enum sta_rc rc, struct sta_err *err);

#endif
