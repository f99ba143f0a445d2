// SPDX-License-Identifier: GPL-2.0
#include <assert.h>

#include "../../tools/lib/state_msrs.h"
#include "move.h"

#define ALL (POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL |		\
	     POSADA_STATE_DEBUG | POSADA_STATE_EVENTS | POSADA_STATE_MSRS |		\
	     POSADA_STATE_XSAVE | POSADA_STATE_TSC)

#define MSR_TSC 0x10

static void prepare(struct whole *w, const struct posada_info *info)
{
	memset(w, 0, sizeof(*w));
#define MSR(number, name, needs)						\
	if ((info->features & (needs)) == (needs))				\
		w->msrs[w->state.nr_msrs++].index = number;
	STATE_MSRS(MSR)
#undef MSR
	require(info->xsave_size <= sizeof(w->xsave));
	w->state.size = sizeof(w->state);
	w->state.groups = ALL;
	w->state.msrs = (uintptr_t)w->msrs;
	w->state.xsave = (uintptr_t)w->xsave;
	w->state.xsave_size = info->xsave_size;
}

static struct posada_cpuid table(struct whole *w, uint32_t nr)
{
	return (struct posada_cpuid){
		.size = sizeof(struct posada_cpuid),
		.nr = nr,
		.entries = (uintptr_t)w->cpuid,
	};
}

void whole_get(struct vcpu *cpu, struct whole *w)
{
	struct posada_info info = device_info(cpu->vm->device);
	struct posada_cpuid cpuid = table(w, WHOLE_CPUID);
	int ret;

	prepare(w, &info);
	ret = posada_ioctl(cpu->fd, POSADA_CPUID_GET, &cpuid);
	if (!ret)
		ret = posada_ioctl(cpu->fd, POSADA_STATE_GET, &w->state);
	if (ret)
		die("getting all of a vCPU: %s", strerror(-ret));
	w->nr_cpuid = cpuid.nr;
	w->run = *cpu->run;
}

void whole_set(struct vcpu *cpu, struct whole *w)
{
	struct posada_cpuid cpuid = table(w, w->nr_cpuid);
	int ret = posada_ioctl(cpu->fd, POSADA_CPUID_SET, &cpuid);

	if (ret)
		die("POSADA_CPUID_SET: %s", strerror(-ret));
	w->state.msrs = (uintptr_t)w->msrs;
	w->state.xsave = (uintptr_t)w->xsave;
	ret = posada_ioctl(cpu->fd, POSADA_STATE_SET, &w->state);
	if (ret)
		die("setting all of a vCPU: %s; bad %#x, bad_msr %u", strerror(-ret), w->state.bad,
		    w->state.bad_msr);
	cpu->run->flags = w->run.flags;
	cpu->run->apply = w->run.apply;
	cpu->run->rip = w->run.rip;
	cpu->run->rflags = w->run.rflags;
	/* Only the vCPU that made the exit knows the length of its instruction. */
	if (w->run.apply == POSADA_APPLY_SKIP) {
		cpu->run->apply = POSADA_APPLY_RIP;
		cpu->run->rip += w->run.insn_len;
	}
}

const char *whole_differs(const struct whole *a, const struct whole *b)
{
	static char what[64];
	uint32_t i;

	for (i = offsetof(struct posada_state, regs); i < sizeof(a->state); i++)
		if (((const uint8_t *)&a->state)[i] != ((const uint8_t *)&b->state)[i]) {
			snprintf(what, sizeof(what), "byte %u of struct posada_state", i);
			return what;
		}
	for (i = 0; i < a->state.nr_msrs; i++)
		if (a->msrs[i].index != MSR_TSC && a->msrs[i].value != b->msrs[i].value) {
			snprintf(what, sizeof(what), "MSR %#x", a->msrs[i].index);
			return what;
		}
	for (i = 0; i < a->state.xsave_size; i++)
		if (a->xsave[i] != b->xsave[i]) {
			snprintf(what, sizeof(what), "byte %u of the XSAVE area", i);
			return what;
		}
	if (a->nr_cpuid != b->nr_cpuid ||
	    memcmp(a->cpuid, b->cpuid, a->nr_cpuid * sizeof(a->cpuid[0])))
		return "the CPUID table";
	return NULL;
}

static void new_vm_of(struct vm *vm)
{
	struct posada_create_vm create = { .size = sizeof(create) };

	close(vm->fd);
	vm->fd = posada_ioctl(vm->device, POSADA_CREATE_VM, &create);
	if (vm->fd < 0)
		die("POSADA_CREATE_VM: %s", strerror(-vm->fd));
	vm_map(vm, 0, vm->ram, GUEST_RAM_SIZE, 0);
}

void vcpu_move(struct vcpu *cpu, bool new_vm)
{
	static struct whole before, after;
	struct vm *vm = cpu->vm;
	const char *differs;

	whole_get(cpu, &before);
	vcpu_close(cpu);
	if (new_vm)
		new_vm_of(vm);
	vcpu_create(vm, cpu, 0);
	whole_set(cpu, &before);
	whole_get(cpu, &after);
	differs = whole_differs(&before, &after);
	if (differs)
		die("%s is not as it was set", differs);
}
