/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of most tests: a VM with one vCPU in 64-bit mode. */
#ifndef SELFTESTS_GUEST_FIXTURE_H
#define SELFTESTS_GUEST_FIXTURE_H

#include "test.h"

FIXTURE(guest) {
	struct vm vm;
	struct vcpu cpu;
	struct posada_run *run;
};

FIXTURE_SETUP(guest)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	boot_long(&self->cpu);
	self->run = self->cpu.run;
}

FIXTURE_TEARDOWN(guest)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

#endif /* SELFTESTS_GUEST_FIXTURE_H */
