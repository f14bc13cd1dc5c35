/*
 * trash_house - a house that keeps what is deleted, and images in it.
 *
 * Layer: test.  May include: registry and what is below.
 */
#ifndef STA_TEST_REGISTRY_TRASH_HOUSE_H
#define STA_TEST_REGISTRY_TRASH_HOUSE_H

#include "house.h"

#include "registry/published.h"
#include "registry/tag.h"
#include "registry/trash.h"

#define APP "alice/app"
#define KEEP 1000
#define CONFIG_LEN ((size_t) 100)

/* cmocka's. */
int trash_setup(void **state);
int trash_teardown(void **state); /* fsck must find nothing */

/* Versions of alice/app.  The id; seed makes the bytes.  ref NULL: by digest alone. */
int64_t add_image(struct house *h, const char *ref, unsigned seed);
int64_t add_index(struct house *h, const char *ref, const int64_t *children, size_t n);
int64_t add_referrer(struct house *h, int64_t subject, unsigned seed);

struct sta_digest digest_at(struct house *h, int64_t id);

/* By alice. */
enum sta_rc remove_version(struct house *h, const struct sta_call *call, int64_t id);
enum sta_rc remove_with(struct house *h, int64_t id, bool cascade);
enum sta_rc restore_version(struct house *h, const struct sta_call *call, int64_t id);
enum sta_rc remove_package(struct house *h, const struct sta_call *call);
enum sta_rc restore_package(struct house *h, const struct sta_call *call, const char *owner, const char *name,
			    int64_t id);

/* Can be pulled: by digest, by tag. */
bool is_there(struct house *h, int64_t id);
int64_t meant_by(struct house *h, const char *name, const char *tag); /* 0: nothing */

/* Of alice/app; the list that state=active or state=deleted gives to the caller. */
uint64_t list(struct house *h, bool deleted, struct sta_version_row **rows, size_t *n);

#define assert_rc(h, call, want)                                                                             \
	do {                                                                                                 \
		enum sta_rc rc_ = (call);                                                                    \
		if (rc_ != (want))                                                                           \
			fail_msg("%s: %s (%s), not %s", #call, sta_rc_name(rc_), (h)->err.msg,               \
				 sta_rc_name(want));                                                         \
	} while (0)

#endif
