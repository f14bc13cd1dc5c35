/* Every unit test includes this first: cmocka wants these headers in this order. */
#ifndef STA_TEST_T_H
#define STA_TEST_T_H

/* clang-format off */
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
