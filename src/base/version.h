/*
 * version - what this program calls itself.
 *
 * Layer: base.  May include: nothing.  Of use where the compiler is told it: cli, net.
 */
#ifndef STA_BASE_VERSION_H
#define STA_BASE_VERSION_H

/* Comes from meson.build's project(). */
#ifndef STA_VERSION
#define STA_VERSION "unknown"
#endif

#endif
