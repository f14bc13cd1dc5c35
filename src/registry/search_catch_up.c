#include "model/word_index.h"
#include "registry/core.h"
#include "registry/search.h"

#define INDEXED_AT_ONCE 16 /* packages in one transaction */

static enum sta_rc
index_some(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	size_t *n = arg;
	int64_t ids[INDEXED_AT_ONCE];
	enum sta_rc rc = sta_word_index_marked(c, INDEXED_AT_ONCE, ids, n, err);

	for (size_t i = 0; rc == STA_OK && i < *n; i++)
		rc = sta_word_index_renew(c, ids[i], err);
	return rc;
}

enum sta_rc
sta_search_catch_up(struct sta_registry *r, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	int64_t id = 0;
	size_t n = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	/* Nearly always there is none, and the writer is left alone. */
	if (rc == STA_OK)
		rc = sta_word_index_marked(c, 1, &id, &n, err);
	while (rc == STA_OK && n > 0) {
		rc = sta_go_on(r, err);
		if (rc == STA_OK)
			rc = sta_db_write(r->db, index_some, &n, err);
	}
	return rc;
}
