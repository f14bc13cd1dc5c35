/* A stage by its id, opened for one call: for tests that keep none open. */
#ifndef STA_TEST_STAGE_H
#define STA_TEST_STAGE_H

#include "store/store.h"

static inline enum sta_rc
write_stage(struct sta_store *s, const char *id, uint64_t offset, const void *p, size_t len,
	    struct sta_err *err)
{
	struct sta_stage *stage = NULL;
	enum sta_rc rc = s->ops->stage_begin(s, id, &stage, err);

	if (rc == STA_OK)
		rc = s->ops->stage_write(s, stage, offset, p, len, err);
	s->ops->stage_end(s, stage);
	return rc;
}

static inline enum sta_rc
publish_stage(struct sta_store *s, const char *id, const struct sta_digest *digest, struct sta_err *err)
{
	struct sta_stage *stage = NULL;
	enum sta_rc rc = s->ops->stage_begin(s, id, &stage, err);

	if (rc == STA_OK)
		rc = s->ops->publish(s, stage, digest, err);
	s->ops->stage_end(s, stage);
	return rc;
}

#endif
