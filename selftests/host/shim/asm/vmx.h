/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of that name, not the one for programs. */
#ifndef SHIM_ASM_VMX_H
#define SHIM_ASM_VMX_H

#include <assert.h>

#define WARN_ON_ONCE(condition)	assert(!(condition))
#define __aligned(bytes)	__attribute__((aligned(bytes)))

#include KERNEL_ASM_VMX_H

#endif /* SHIM_ASM_VMX_H */
