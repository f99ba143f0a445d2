/* SPDX-License-Identifier: GPL-2.0 */
#ifndef POSADA_VMENTER_H
#define POSADA_VMENTER_H

#include <linux/types.h>

/**
 * vmenter - enter the guest, return at the next VM exit
 * @regs: general registers by number, loaded before and stored after; the slot
 *        of RSP is not touched
 * @host_rsp: HOST_RSP as it is in the VMCS; updated when it had to be written
 * @launched: VMRESUME rather than VMLAUNCH
 *
 * Interrupts off, a VMCS current.  No guest value is left in a register.
 *
 * Return: 0 after a VM exit, 1 if the instruction failed (VM_INSTRUCTION_ERROR
 * tells why) or VMX operation was off.
 */
int vmenter(u64 *regs, unsigned long *host_rsp, bool launched);

void vmexit_landing(void);	/* HOST_RIP, not to be called */

#endif /* POSADA_VMENTER_H */
