/*
 * job_line - the texts of which issuers and rules are made: lines "key=value".
 *
 * Only job.c and job_line.c include this.
 *
 * Layer: registry.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_REGISTRY_JOB_LINE_H
#define STA_REGISTRY_JOB_LINE_H

#include "registry/job.h"

struct sta_job_line {
	const char *text; /* borrowed */
	size_t len;
	size_t key_len; /* len: there is no '=' */
};

/* The line that *rest is at; false at the end. */
bool sta_job_next_line(const char **rest, struct sta_job_line *out);

bool sta_job_key_is(const struct sta_job_line *l, const char *key);

/* Its key is one of the five meanings of job.h. */
bool sta_job_is_meaning(const struct sta_job_line *l);

#endif
