// SPDX-License-Identifier: GPL-2.0
/* The module's checker, the very same, in a program. */
#include "kernel_types.h"

#include "../../module/entry_check.c"
