/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with what it needs before it. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
