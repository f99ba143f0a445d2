/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MSRs that belong to a vCPU's state, as <linux/posada.h> lists them for
 * POSADA_STATE_MSRS: X(index, name, POSADA_FEATURE_* without which it is not there).
 */
#ifndef POSADA_STATE_MSRS_H
#define POSADA_STATE_MSRS_H

#include <linux/posada.h>

/* clang-format off */
#define STATE_MSRS(X)							\
	X(0x00000010, "TSC", 0)						\
	X(0x0000003b, "TSC_ADJUST", 0)					\
	X(0x00000174, "SYSENTER_CS", 0)					\
	X(0x00000175, "SYSENTER_ESP", 0)				\
	X(0x00000176, "SYSENTER_EIP", 0)				\
	X(0x000001a0, "MISC_ENABLE", 0)					\
	X(0x000001d9, "DEBUGCTL", 0)					\
	X(0x00000277, "PAT", 0)						\
	X(0xc0000080, "EFER", 0)					\
	X(0xc0000081, "STAR", 0)					\
	X(0xc0000082, "LSTAR", 0)					\
	X(0xc0000083, "CSTAR", 0)					\
	X(0xc0000084, "FMASK", 0)					\
	X(0xc0000100, "FS_BASE", 0)					\
	X(0xc0000101, "GS_BASE", 0)					\
	X(0xc0000102, "KERNEL_GS_BASE", 0)				\
	X(0xc0000103, "TSC_AUX", POSADA_FEATURE_RDTSCP)
/* clang-format on */

#endif /* POSADA_STATE_MSRS_H */
