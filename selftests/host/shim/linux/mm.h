/* SPDX-License-Identifier: GPL-2.0 */
/* A physical address is the virtual one. */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/gfp.h>
#include <linux/kernel.h>

#define __pa(address)	((u64)(uintptr_t)(address))
#define __va(address)	((void *)(uintptr_t)(address))

#endif /* SHIM_LINUX_MM_H */
