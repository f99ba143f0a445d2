// SPDX-License-Identifier: GPL-2.0
/* libposada: one short function per ioctl of /dev/posada. */
#include "libposada.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

int posada_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

/* ---- device ------------------------------------------------------------ */

int posada_open(void)
{
	int fd = open(POSADA_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int posada_info(int dev, struct posada_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return posada_ioctl(dev, POSADA_INFO, info);
}

static int cpuid_read(int fd, unsigned long request, struct posada_cpuid_entry *entries,
		      uint32_t *nr)
{
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = *nr,
		.entries = (uintptr_t)entries,
	};
	int err = posada_ioctl(fd, request, &table);

	*nr = table.nr;
	return err;
}

int posada_cpuid_supported(int dev, struct posada_cpuid_entry *entries, uint32_t *nr)
{
	return cpuid_read(dev, POSADA_CPUID_SUPPORTED, entries, nr);
}

int posada_create_vm(int dev)
{
	struct posada_create_vm create = { .size = sizeof(create) };

	return posada_ioctl(dev, POSADA_CREATE_VM, &create);
}

/* ---- VM ---------------------------------------------------------------- */

int posada_memory(int vm, const struct posada_memory_op *ops, uint32_t nr, uint32_t *bad)
{
	struct posada_memory memory = {
		.size = sizeof(memory),
		.nr = nr,
		.ops = (uintptr_t)ops,
		.bad_op = ~0U,
	};
	int err = posada_ioctl(vm, POSADA_MEMORY, &memory);

	if (bad)
		*bad = memory.bad_op;
	return err;
}

int posada_memory_map(int vm, uint64_t gpa, uint64_t length, void *hva, uint32_t flags)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_MAP,
		.flags = flags,
		.gpa = gpa,
		.length = length,
		.hva = (uintptr_t)hva,
	};

	return posada_memory(vm, &op, 1, NULL);
}

int posada_memory_unmap(int vm, uint64_t gpa, uint64_t length)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_UNMAP,
		.gpa = gpa,
		.length = length,
	};

	return posada_memory(vm, &op, 1, NULL);
}

int posada_policy_get(int vm, struct posada_trap *traps, uint32_t *nr)
{
	struct posada_policy policy = {
		.size = sizeof(policy),
		.nr = *nr,
		.traps = (uintptr_t)traps,
	};
	int err = posada_ioctl(vm, POSADA_POLICY_GET, &policy);

	*nr = policy.nr;
	return err;
}

int posada_policy_set(int vm, const struct posada_trap *traps, uint32_t nr, uint32_t *bad,
		      char *why)
{
	struct posada_policy policy = {
		.size = sizeof(policy),
		.nr = nr,
		.traps = (uintptr_t)traps,
		.bad = ~0U,
	};
	int err = posada_ioctl(vm, POSADA_POLICY_SET, &policy);

	if (bad)
		*bad = policy.bad;
	if (why)
		memcpy(why, policy.why, POSADA_POLICY_WHY);
	return err;
}

int posada_create_vcpu(int vm, uint32_t id)
{
	struct posada_create_vcpu create = { .size = sizeof(create), .id = id };

	return posada_ioctl(vm, POSADA_CREATE_VCPU, &create);
}

/* ---- vCPU: running ------------------------------------------------------ */

int posada_run_page(int vcpu, size_t size, struct posada_run **run)
{
	void *page;

	if (size < sizeof(**run))
		return -EINVAL;
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (page == MAP_FAILED)
		return -errno;
	*run = page;
	return 0;
}

int posada_run_page_unmap(struct posada_run *run, size_t size)
{
	return munmap(run, size) ? -errno : 0;
}

int posada_run(int vcpu)
{
	return posada_ioctl(vcpu, POSADA_RUN, NULL);
}

int posada_kick(int vcpu)
{
	return posada_ioctl(vcpu, POSADA_KICK, NULL);
}

int posada_interrupt(int vcpu, struct posada_interrupt *event)
{
	event->size = sizeof(*event);
	return posada_ioctl(vcpu, POSADA_INTERRUPT, event);
}

int posada_inject_vector(int vcpu, uint32_t vector)
{
	struct posada_interrupt event = { .type = POSADA_INTERRUPT_VECTOR, .vector = vector };

	return posada_interrupt(vcpu, &event);
}

int posada_inject_nmi(int vcpu)
{
	struct posada_interrupt event = { .type = POSADA_INTERRUPT_NMI };

	return posada_interrupt(vcpu, &event);
}

int posada_inject_exception(int vcpu, uint32_t vector)
{
	struct posada_interrupt event = { .type = POSADA_INTERRUPT_EXCEPTION, .vector = vector };

	return posada_interrupt(vcpu, &event);
}

int posada_inject_exception_error(int vcpu, uint32_t vector, uint32_t error_code)
{
	struct posada_interrupt event = {
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = vector,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
		.error_code = error_code,
	};

	return posada_interrupt(vcpu, &event);
}

int posada_inject_page_fault(int vcpu, uint64_t address, uint32_t error_code)
{
	struct posada_interrupt event = {
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = 14,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
		.error_code = error_code,
		.payload = address,
	};

	return posada_interrupt(vcpu, &event);
}

int posada_stats(int vcpu, struct posada_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return posada_ioctl(vcpu, POSADA_STATS, stats);
}

/* ---- vCPU: looking in --------------------------------------------------- */

int posada_guest_debug(int vcpu, struct posada_guest_debug *debug)
{
	debug->size = sizeof(*debug);
	return posada_ioctl(vcpu, POSADA_GUEST_DEBUG, debug);
}

int posada_last_exits(int vcpu, struct posada_last_exit *entries, uint32_t *nr, uint64_t *total)
{
	struct posada_last_exits arg = {
		.size = sizeof(arg),
		.nr = *nr,
		.entries = (uintptr_t)entries,
	};
	int err = posada_ioctl(vcpu, POSADA_LAST_EXITS, &arg);

	if (!err)
		*nr = arg.nr;
	if (!err && total)
		*total = arg.total;
	return err;
}

int posada_explain(int vcpu, struct posada_explain *explain)
{
	explain->size = sizeof(*explain);
	return posada_ioctl(vcpu, POSADA_EXPLAIN, explain);
}

/* ---- vCPU: state -------------------------------------------------------- */

int posada_state_get(int vcpu, struct posada_state *state, uint32_t groups)
{
	state->size = sizeof(*state);
	state->groups = groups;
	return posada_ioctl(vcpu, POSADA_STATE_GET, state);
}

int posada_state_set(int vcpu, struct posada_state *state, uint32_t groups)
{
	state->size = sizeof(*state);
	state->groups = groups;
	return posada_ioctl(vcpu, POSADA_STATE_SET, state);
}

int posada_msrs_get(int vcpu, struct posada_msr *msrs, uint32_t nr)
{
	struct posada_state state = { .msrs = (uintptr_t)msrs, .nr_msrs = nr };

	return posada_state_get(vcpu, &state, POSADA_STATE_MSRS);
}

int posada_msrs_set(int vcpu, const struct posada_msr *msrs, uint32_t nr, uint32_t *bad)
{
	struct posada_state state = { .msrs = (uintptr_t)msrs, .nr_msrs = nr, .bad_msr = ~0U };
	int err = posada_state_set(vcpu, &state, POSADA_STATE_MSRS);

	if (bad)
		*bad = state.bad_msr;
	return err;
}

int posada_msr_get(int vcpu, uint32_t index, uint64_t *value)
{
	struct posada_msr msr = { .index = index };
	int err = posada_msrs_get(vcpu, &msr, 1);

	if (!err)
		*value = msr.value;
	return err;
}

int posada_msr_set(int vcpu, uint32_t index, uint64_t value)
{
	struct posada_msr msr = { .index = index, .value = value };

	return posada_msrs_set(vcpu, &msr, 1, NULL);
}

int posada_xsave_get(int vcpu, void *area, uint32_t size)
{
	struct posada_state state = { .xsave = (uintptr_t)area, .xsave_size = size };

	return posada_state_get(vcpu, &state, POSADA_STATE_XSAVE);
}

int posada_xsave_set(int vcpu, const void *area, uint32_t size)
{
	struct posada_state state = { .xsave = (uintptr_t)area, .xsave_size = size };

	return posada_state_set(vcpu, &state, POSADA_STATE_XSAVE);
}

int posada_cpuid_get(int vcpu, struct posada_cpuid_entry *entries, uint32_t *nr)
{
	return cpuid_read(vcpu, POSADA_CPUID_GET, entries, nr);
}

int posada_cpuid_set(int vcpu, const struct posada_cpuid_entry *entries, uint32_t nr)
{
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = nr,
		.entries = (uintptr_t)entries,
	};

	return posada_ioctl(vcpu, POSADA_CPUID_SET, &table);
}
