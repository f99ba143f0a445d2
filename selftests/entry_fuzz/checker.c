// SPDX-License-Identifier: GPL-2.0
/* The driver's checker, built into this module as it is. */
#include "../../module/entry_check.c"
