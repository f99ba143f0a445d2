// SPDX-License-Identifier: GPL-2.0
/* posada bench: exits and interrupts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "clock.h"
#include "vm.h"

#define WARM		50
#define COUNT		2000

#define MSR_TSC_ADJUST	0x3b
#define MSR_MISC_ENABLE 0x1a0

static const struct {
	const char *name;
	const char *what;
	enum bench_code code;
	uint64_t parameter;
} exits[] = {
	{ "nothing", "two RDTSC, which all below include", CODE_NOTHING, 0 },
	{ "cpuid", "CPUID, leaf 0 (kernel)", CODE_CPUID, 0 },
	{ "rdmsr", "RDMSR of MISC_ENABLE (kernel)", CODE_RDMSR, MSR_MISC_ENABLE },
	{ "wrmsr", "WRMSR of TSC_ADJUST (kernel)", CODE_WRMSR, MSR_TSC_ADJUST },
	{ "vmcall", "VMCALL, to userspace and back", CODE_VMCALL, 0 },
	{ "hlt", "HLT, to userspace and back", CODE_HLT, 0 },
	{ "out", "OUT, to userspace and back", CODE_OUT, 0 },
	{ "in", "IN, to userspace and back", CODE_IN, 0 },
	{ "out-device", "OUT to a device of posada run", CODE_OUT_DEVICE, 0 },
	{ "mmio-write", "MMIO write, decoded in userspace", CODE_MMIO_WRITE, BENCH_MMIO },
	{ "mmio-read", "MMIO read, decoded in userspace", CODE_MMIO_READ, BENCH_MMIO },
};

#define NR_EXITS (sizeof(exits) / sizeof(exits[0]))

int bench_exits(void)
{
	struct vm *vm = NULL;
	int ret = 0;

	for (size_t i = 0; !ret && i < NR_EXITS; i++) {
		if (!bench_wanted(exits[i].name))
			continue;
		if (!vm)
			vm = bench_guest();
		if (!vm)
			return -1;
		ret = bench_start(vm, exits[i].code, WARM + COUNT, exits[i].parameter, 0);
		if (!ret)
			ret = bench_run(vm);
		if (!ret)
			bench_report(exits[i].name, exits[i].what, "ticks",
				     bench_results(vm) + WARM, COUNT);
	}
	if (vm)
		bench_guest_destroy(vm);
	return ret;
}

int bench_marked_exits(void)
{
	struct vm *vm = bench_guest();
	int ret = vm ? 0 : -1;

	for (size_t i = 0; !ret && i < NR_EXITS; i++) {
		if (!bench_wanted(exits[i].name))
			continue;
		ret = bench_start_marked(vm, exits[i].code, WARM, exits[i].parameter);
		if (!ret)
			ret = bench_run(vm);
		if (!ret)
			printf("%s\n", exits[i].name);
	}
	if (vm)
		bench_guest_destroy(vm);
	return ret;
}

/* ---- interrupts ------------------------------------------------------------------- */

/**
 * struct offset - what the guest's TSC is ahead of the host's
 * @low: at least
 * @high: at most
 *
 * Nobody tells it, but what the guest reads just before an exit was read before
 * we came back from RUN, and what it reads just behind it after we went there.
 */
struct offset {
	uint64_t low;
	uint64_t high;
};

/* Differences, so that it is no matter which of the two TSCs is ahead. */
static void not_below(struct offset *offset, uint64_t bound)
{
	if ((int64_t)(bound - offset->low) > 0)
		offset->low = bound;
}

static void not_above(struct offset *offset, uint64_t bound)
{
	if ((int64_t)(bound - offset->high) < 0)
		offset->high = bound;
}

static int find_offset(struct vm *vm, struct offset *offset)
{
	struct posada_run *run = vm->vcpu.run;
	uint64_t *stamps = bench_results(vm), before, after;

	if (bench_start(vm, CODE_STAMP, WARM + 1, 0, 0))
		return -1;
	for (int i = 0; i < WARM; i++) {
		int err;

		before = clock_tsc();
		do {
			err = posada_run(vm->vcpu.fd);
		} while (err == -EINTR);
		after = clock_tsc();
		if (err)
			return fail("POSADA_RUN: %s.", why(err));
		if (run->reason != POSADA_EXIT_IO)
			return fail("the benchmark guest ended early (exit %u).", run->reason);
		run->apply = POSADA_APPLY_SKIP;
		if (!i)
			*offset = (struct offset){ stamps[0] - after, stamps[0] - before };
		not_below(offset, stamps[i] - after);
		not_above(offset, stamps[i] - before);
	}
	return 0;
}

struct samples {
	uint64_t ioctl[COUNT];
	uint64_t handler[COUNT];
	uint64_t cycle[COUNT];
};

static int one_cycle(struct vm *vm, uint64_t *start, uint64_t *injected)
{
	struct posada_run *run = vm->vcpu.run;
	int err;

	if (run->reason != POSADA_EXIT_HLT)
		return fail("the benchmark guest did not wait for its interrupt (exit %u).",
			    run->reason);
	*start = clock_tsc();
	err = posada_inject_vector(vm->vcpu.fd, BENCH_VECTOR);
	*injected = clock_tsc();
	run->apply = POSADA_APPLY_SKIP;
	while (!err && ((err = posada_run(vm->vcpu.fd)) == -EINTR ||
			(!err && run->reason == POSADA_EXIT_KICK)))
		err = 0;
	return err ? fail("cannot interrupt the benchmark guest: %s.", why(err)) : 0;
}

static int sample(struct vm *vm, struct samples *s, struct offset *offset)
{
	uint64_t *stamps = bench_results(vm), last = 0, start, injected;
	int err;

	if (find_offset(vm, offset) || bench_start(vm, CODE_INTERRUPT, WARM + COUNT + 1, 0, 0))
		return -1;
	do {
		err = posada_run(vm->vcpu.fd);
	} while (err == -EINTR);
	if (err)
		return fail("POSADA_RUN: %s.", why(err));
	for (int i = -WARM; i < COUNT; i++) {
		if (one_cycle(vm, &start, &injected))
			return -1;
		if (i >= 0) {
			s->ioctl[i] = injected - start;
			s->handler[i] = stamps[WARM + i] - start -
					(offset->low + (offset->high - offset->low) / 2);
			s->cycle[i] = start - last;
		}
		last = start;
	}
	return 0;
}

int bench_interrupts(void)
{
	static struct samples s;
	struct offset offset;
	struct vm *vm;
	char words[80];
	int ret;

	if (!bench_wanted("interrupt"))
		return 0;
	vm = bench_guest();
	if (!vm)
		return -1;
	ret = sample(vm, &s, &offset);
	if (!ret) {
		snprintf(words, sizeof(words), "from there to the handler, within %llu",
			 (unsigned long long)(offset.high - offset.low) / 2);
		bench_report("interrupt-ioctl", "POSADA_INTERRUPT alone", "ticks", s.ioctl, COUNT);
		bench_report("interrupt", words, "ticks", s.handler, COUNT);
		bench_report("interrupt-cycle", "HLT exit, inject, handler, IRET, HLT", "ticks",
			     s.cycle, COUNT);
	}
	bench_guest_destroy(vm);
	return ret;
}
