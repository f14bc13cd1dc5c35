#include "cli/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/db_sqlite.h"
#include "store/store_fs.h"

enum sta_rc
sta_home_find(struct sta_home *h, const char *path, bool make, struct sta_err *err)
{
	int n = snprintf(h->path, sizeof(h->path), "%s", path);

	if (path[0] == '\0')
		return sta_err_set(err, STA_INVALID, 0,
				   "data: has no value; say where the data are with --data DIR");
	if (n < 0 || (size_t) n >= sizeof(h->path))
		return sta_err_set(err, STA_INVALID, 0, "data: the path is too long");
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return sta_err_set(err, STA_IO, errno, "make the data directory %s", path);
	h->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dirfd < 0)
		return sta_err_set(err, errno == ENOENT ? STA_NOT_FOUND : STA_IO, errno, "data directory %s",
				   path);
	return STA_OK;
}

enum sta_rc
sta_home_lock(struct sta_home *h, struct sta_err *err)
{
	STA_AUTO_FD int fd = openat(h->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "%s/lock", h->path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		h->lockfd = sta_take_fd(&fd);
		return STA_OK;
	}
	if (errno != EWOULDBLOCK)
		return sta_err_set(err, STA_IO, errno, "lock %s/lock", h->path);
	return sta_err_set(err, STA_BUSY, 0, "%s is in use by another staithe process", h->path);
}

bool
sta_home_exists(const struct sta_home *h)
{
	struct stat st;

	return fstatat(h->dirfd, STA_HOME_DATABASE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct sta_registry_options
registry_options(const struct sta_conf *conf)
{
	struct sta_registry_options o;

	sta_registry_defaults(&o);
	o.layer_max = sta_conf_number(conf, STA_OPTION_LIMITS_LAYER);
	o.uploads_per_user = sta_conf_number(conf, STA_OPTION_LIMITS_UPLOADS_PER_USER);
	o.upload_ttl_s = sta_conf_number(conf, STA_OPTION_GC_UPLOAD_TTL);
	o.collect_grace_s = sta_conf_number(conf, STA_OPTION_GC_GRACE);
	o.sparse_manifests = sta_conf_bool(conf, STA_OPTION_MANIFESTS_SPARSE);
	o.login_free_attempts = sta_conf_number(conf, STA_OPTION_LOGIN_FREE_ATTEMPTS);
	o.retire_after = sta_conf_number(conf, STA_OPTION_NAMES_RETIRE_AFTER);
	o.trash_keep_s = sta_conf_number(conf, STA_OPTION_TRASH_KEEP);
	o.delete_last_tagged = sta_conf_bool(conf, STA_OPTION_DELETE_LAST_TAGGED);
	o.popular_after = sta_conf_number(conf, STA_OPTION_DELETE_POPULAR_AFTER);
	o.delete_cascade = sta_conf_bool(conf, STA_OPTION_DELETE_CASCADE);
	o.statistics_keep_s = sta_conf_number(conf, STA_OPTION_STATISTICS_KEEP);
	o.forges = sta_conf_list(conf, STA_OPTION_FORGES);
	o.token_ttl_s = sta_conf_number(conf, STA_OPTION_TOKEN_TTL);
	o.workflow_ttl_s = sta_conf_number(conf, STA_OPTION_WORKFLOW_TOKEN_TTL);
	o.issuer_keys_ttl_s = sta_conf_number(conf, STA_OPTION_WORKFLOW_KEYS_TTL);
	o.net_exceptions = sta_conf_list(conf, STA_OPTION_NET_ALLOW);
	if (*sta_conf_text(conf, STA_OPTION_NET_CA_FILE) != '\0')
		o.net_ca_file = sta_conf_text(conf, STA_OPTION_NET_CA_FILE);
	return o;
}

enum sta_rc
sta_home_open(struct sta_home *h, const struct sta_conf *conf, size_t workers, struct sta_err *err)
{
	struct sta_registry_options o = registry_options(conf);
	char database[PATH_MAX + sizeof(STA_HOME_DATABASE)];
	enum sta_rc rc;

	(void) snprintf(database, sizeof(database), "%s/%s", h->path, STA_HOME_DATABASE);
	rc = sta_db_sqlite_open(database, &h->db, err);
	if (rc == STA_OK)
		rc = sta_store_fs_open(h->path, &h->store, err);
	if (rc == STA_OK && workers > 0)
		rc = sta_pool_new(workers, "worker", &h->workers, err);
	if (rc == STA_OK)
		rc = sta_registry_open(h->db, h->store, h->workers, &o, &h->registry, err);
	return rc;
}

void
sta_home_close(struct sta_home *h)
{
	/* What the workers still do needs the registry. */
	sta_pool_free(h->workers);
	if (h->registry)
		sta_registry_close(h->registry);
	sta_store_free(h->store);
	if (h->db)
		sta_db_free(h->db);
	if (h->lockfd >= 0)
		(void) close(h->lockfd);
	if (h->dirfd >= 0)
		(void) close(h->dirfd);
	*h = STA_HOME_CLOSED;
}
