/* SPDX-License-Identifier: GPL-2.0 */
/* All that a vCPU is, read from one and written into a new one. */
#ifndef SELFTESTS_MOVE_H
#define SELFTESTS_MOVE_H

#include "vm.h"

#define WHOLE_MSRS	32
#define WHOLE_XSAVE	16384
#define WHOLE_CPUID	128

struct whole {
	struct posada_state state;
	struct posada_msr msrs[WHOLE_MSRS];
	uint8_t xsave[WHOLE_XSAVE];
	struct posada_cpuid_entry cpuid[WHOLE_CPUID];
	uint32_t nr_cpuid;
	struct posada_run run;
};

void whole_get(struct vcpu *cpu, struct whole *whole);
void whole_set(struct vcpu *cpu, struct whole *whole);

/* NULL, or what of them differs; the MSR TSC, which runs on, does not count. */
const char *whole_differs(const struct whole *a, const struct whole *b);

/*
 * vcpu_move: get, destroy, create, set.  The new vCPU has the old one's id, and with
 * @new_vm the new VM the old one's memory (as vm_create() made it).  What the program
 * wants applied before the next RUN is applied there.
 */
void vcpu_move(struct vcpu *cpu, bool new_vm);

#endif /* SELFTESTS_MOVE_H */
