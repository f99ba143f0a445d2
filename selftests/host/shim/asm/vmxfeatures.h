/* SPDX-License-Identifier: GPL-2.0 */
#include KERNEL_ASM_VMXFEATURES_H
