#include "store/store.h"

#include <string.h>

void
sta_store_free(struct sta_store *s)
{
	if (s)
		s->ops->free(s);
}

bool
sta_stage_id_valid(const char *id)
{
	return strspn(id, "0123456789abcdef-") == STA_STAGE_ID_LEN && id[STA_STAGE_ID_LEN] == '\0';
}
