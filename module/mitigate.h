/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Speculation defences around a stay in the guest, as the host's settings ask.
 * Those of every single entry and exit are in vmenter.S.
 */
#ifndef POSADA_MITIGATE_H
#define POSADA_MITIGATE_H

#include <linux/types.h>

struct posada_vcpu;

/* At load: 0; -ENOMEM; -EPERM: the CPU needs a defence that is not implemented. */
int mitigate_init(void);
void mitigate_exit(void);

/* Must a guest not execute from large pages?  (ITLB multihit) */
bool mitigate_nx_large(void);

void mitigate_load(struct posada_vcpu *vcpu);	/* preemption off, before the guest */
void mitigate_flush(void);	/* interrupts off, after host code ran with them on */
void mitigate_save(void);			/* preemption off, after the guest */

#endif /* POSADA_MITIGATE_H */
