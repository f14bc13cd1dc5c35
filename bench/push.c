#include "bench/load.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "bench/client.h"

#define LAYERS 5
#define LAYER_MIN (4U * 1024)
#define LAYER_MAX (64U * 1024)
#define CONFIG_MAX 1024
#define MANIFEST_MAX 2048
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

struct image {
	struct sta_blob layer[LAYERS];
	struct sta_blob config;
	char tag[32];
	char config_text[CONFIG_MAX];
	char manifest[MANIFEST_MAX];
};

/* How many of count fall to this worker: it has the jobs index, index + workers, ... */
static uint64_t
share_of(const struct sta_worker *w, uint64_t count)
{
	return count / w->count + (w->index < count % w->count);
}

static uint64_t
seed_of(const struct sta_worker *w, uint64_t i)
{
	uint64_t state = w->load->seed + (i * w->count + w->index) * 1000;

	return sta_mix(&state);
}

/* All are prepared; false when there is nothing to do. */
static bool
start(struct sta_worker *w)
{
	if (!sta_team_start(w))
		return false;
	if (w->index == 0)
		(void) fprintf(stderr, "load: %zu clients have begun\n", w->count);
	return true;
}

/* The time is up. */
static bool
is_over(const struct sta_worker *w)
{
	return w->load->seconds &&
	       sta_now_ns() > sta_team_began_ns(w) + w->load->seconds * UINT64_C(1000000000);
}

/* What was begun at begin_ns ended well. */
static void
count_done(struct sta_worker *w, uint64_t begin_ns, uint64_t bytes)
{
	sta_hist_add(&w->tally.latency, sta_now_ns() - begin_ns);
	w->tally.done++;
	w->tally.bytes += bytes;
}

/* Blobs: prepared with their digests, then pushed one after the other. */
static void
work_push(struct sta_worker *w)
{
	uint64_t count = share_of(w, w->load->count);
	struct sta_blob *blobs = sta_malloc((count + 1) * sizeof *blobs);
	struct sta_client client = { .conn.fd = -1 };
	bool ready = blobs && sta_client_init(&client, w->load, &w->tally, &w->err) == STA_OK;

	for (uint64_t i = 0; ready && i < count; i++) {
		blobs[i] = (struct sta_blob){ .size = w->load->size, .seed = seed_of(w, i) };
		ready = sta_blob_hash(&blobs[i], &client, &w->err) == STA_OK;
	}
	w->failed = !ready;
	if (start(w))
		for (uint64_t i = 0; i < count && !is_over(w); i++) {
			uint64_t begin_ns = sta_now_ns();

			if (sta_client_push(&client, w->load->repository, &blobs[i]))
				count_done(w, begin_ns, blobs[i].size);
		}
	sta_client_done(&client);
	sta_free(blobs);
}

/* The manifest of the image, whose blobs have their digests. */
static void
write_manifest(struct image *image)
{
	size_t len = 0;
	const size_t max = sizeof image->manifest;

	len += (size_t) snprintf(
		image->manifest, max,
		"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%llu},\"layers\":[",
		image->config.digest, (unsigned long long) image->config.size);
	for (size_t i = 0; i < LAYERS && len < max; i++)
		len += (size_t) snprintf(image->manifest + len, max - len,
					 "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\","
					 "\"digest\":\"%s\",\"size\":%llu}",
					 i ? "," : "", image->layer[i].digest,
					 (unsigned long long) image->layer[i].size);
	if (len < max)
		(void) snprintf(image->manifest + len, max - len, "]}");
}

/* The configuration names each layer, as real ones do (there: by the digest of the unpacked layer). */
static void
write_config(struct image *image)
{
	size_t len = 0;
	const size_t max = sizeof image->config_text;

	len += (size_t) snprintf(image->config_text, max,
				 "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
				 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < LAYERS && len < max; i++)
		len += (size_t) snprintf(image->config_text + len, max - len, "%s\"%s\"", i ? "," : "",
					 image->layer[i].digest);
	if (len < max)
		(void) snprintf(image->config_text + len, max - len, "]}}");
}

static enum sta_rc
make_image(struct image *image, struct sta_worker *w, uint64_t number, struct sta_client *client)
{
	uint64_t state = seed_of(w, number);

	for (size_t i = 0; i < LAYERS; i++) {
		struct sta_blob *b = &image->layer[i];

		b->size = LAYER_MIN + sta_mix(&state) % (LAYER_MAX - LAYER_MIN);
		b->seed = sta_mix(&state);
		if (sta_blob_hash(b, client, &w->err) != STA_OK)
			return w->err.rc;
	}
	write_config(image);
	image->config.text = image->config_text;
	if (sta_blob_hash(&image->config, client, &w->err) != STA_OK)
		return w->err.rc;
	write_manifest(image);
	(void) snprintf(image->tag, sizeof image->tag, "v%zu-%llu", w->index, (unsigned long long) number);
	return STA_OK;
}

/* As a client does: ask for each blob, push it, then the manifest by its tag. */
static bool
push_image(struct sta_client *c, const char *package, const struct image *image)
{
	char path[512];

	for (size_t i = 0; i <= LAYERS; i++) {
		const struct sta_blob *b = i < LAYERS ? &image->layer[i] : &image->config;

		(void) snprintf(path, sizeof path, "/v2/%s/blobs/%s", package, b->digest);
		if (sta_client_ask(c, "HEAD", path, NULL, NULL, 404) != 404 ||
		    !sta_client_push(c, package, b))
			return false;
	}
	(void) snprintf(path, sizeof path, "/v2/%s/manifests/%s", package, image->tag);
	return sta_client_ask(c, "PUT", path, MANIFEST_TYPE, image->manifest, 201) == 201;
}

static uint64_t
image_bytes(const struct image *image)
{
	uint64_t bytes = image->config.size + strlen(image->manifest);

	for (size_t i = 0; i < LAYERS; i++)
		bytes += image->layer[i].size;
	return bytes;
}

static void
work_images(struct sta_worker *w)
{
	uint64_t count = share_of(w, w->load->count);
	struct image *images = sta_malloc((count + 1) * sizeof *images);
	struct sta_client client = { .conn.fd = -1 };
	bool ready = images && sta_client_init(&client, w->load, &w->tally, &w->err) == STA_OK;

	for (uint64_t i = 0; ready && i < count; i++)
		ready = make_image(&images[i], w, i, &client) == STA_OK;
	w->failed = !ready;
	if (start(w))
		for (uint64_t i = 0; i < count && !is_over(w); i++) {
			uint64_t begin_ns = sta_now_ns();

			if (push_image(&client, w->load->repository, &images[i]))
				count_done(w, begin_ns, image_bytes(&images[i]));
		}
	sta_client_done(&client);
	sta_free(images);
}

enum sta_rc
sta_mode_push(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	return sta_team_run(load, run, load->connections, work_push, err);
}

enum sta_rc
sta_mode_images(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	return sta_team_run(load, run, load->connections, work_images, err);
}
