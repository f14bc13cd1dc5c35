/*
 * version - what this program calls itself.
 *
 * Layer: cli.  May include: nothing.
 */
#ifndef STA_CLI_VERSION_H
#define STA_CLI_VERSION_H

/* Comes from meson.build's project(). */
#ifndef STA_VERSION
#define STA_VERSION "unknown"
#endif

#endif
