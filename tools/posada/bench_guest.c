// SPDX-License-Identifier: GPL-2.0
/* The benchmark guest: its code, and how it is run. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli.h"
#include "exitname.h"
#include "loop.h"
#include "mode.h"
#include "vm.h"

uint8_t *bench_buffer(size_t size, int huge, int populate)
{
	const size_t align = 2 << 20;
	uint8_t *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0),
		*start;

	if (p == MAP_FAILED)
		return NULL;
	start = p + (-(uintptr_t)p & (align - 1));
	if (start > p)
		munmap(p, start - p);
	if (start + size < p + size + align)
		munmap(start + size, p + align - start);
	madvise(start, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (size_t i = 0; populate && i < size; i += 4096)
		*(volatile uint8_t *)(start + i) = 1;
	return start;
}

/* IDT with one handler for all vectors; GDT and page tables as loaders use them. */
static void fill(uint8_t *ram)
{
	uint64_t handler = BENCH_CODE + (bench_interrupt_handler - bench_code_start);

	mode_gdt((uint64_t *)(ram + BENCH_GDT), 1);
	mode_identity_map((uint64_t *)(ram + BENCH_TABLES), BENCH_TABLES);
	for (unsigned int i = 0; i < 256; i++) {
		uint64_t *gate = (uint64_t *)(ram + BENCH_IDT + 16 * i);

		gate[0] = (handler & 0xffff) | MODE_CS << 16 | 0x8e00ULL << 32 |
			  (handler >> 16 & 0xffff) << 48;
		gate[1] = handler >> 32;
	}
	memcpy(ram + BENCH_CODE, bench_code_start, bench_code_end - bench_code_start);
}

static void first_state(struct posada_state *state, uint64_t offset)
{
	mode_long(state, BENCH_GDT, BENCH_TABLES, BENCH_CODE + offset);
	state->segments.idtr.base = BENCH_IDT;
	state->segments.idtr.limit = 4095;
	state->regs.gpr[POSADA_RSP] = BENCH_STACK_TOP;
	state->regs.gpr[POSADA_RDI] = BENCH_RESULTS;
}

struct vm *bench_guest(void)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	uint8_t *ram = bench_buffer(BENCH_MEMORY, 0, 1);
	struct posada_state state = { 0 };

	if (!vm || !ram) {
		note("out of memory.");
		goto out_free;
	}
	vm->name = "bench";
	vm_this_is_vcpu_thread();
	fill(ram);
	first_state(&state, bench_code_table[CODE_NOTHING]);
	guest_memory_add(&vm->ram, 0, BENCH_MEMORY, ram);
	if (vm_init(vm))
		goto out_free;
	if (!vm_start(vm, driver_find("posada"), &state)) {
		vm->vcpu.run->flags = POSADA_RUN_EXIT_HLT;
		return vm;
	}
	vm_destroy(vm);
out_free:
	if (ram)
		munmap(ram, BENCH_MEMORY);
	free(vm);
	return NULL;
}

void bench_guest_destroy(struct vm *vm)
{
	vm_stop(vm);
	vm_destroy(vm);
	munmap(vm->ram.range[0].host, BENCH_MEMORY);
	free(vm);
}

uint64_t *bench_results(struct vm *vm)
{
	return (uint64_t *)(vm->ram.range[0].host + BENCH_RESULTS);
}

static int start(struct vm *vm, uint64_t offset, uint64_t count, uint64_t parameter,
		 uint64_t stride)
{
	struct posada_state state = { 0 };
	int err = vm->vcpu.driver->state_get(&vm->vcpu, &state, POSADA_STATE_CONTROL);

	if (!err) {
		first_state(&state, offset);
		state.regs.gpr[POSADA_RSI] = count;
		state.regs.gpr[POSADA_R10] = parameter;
		state.regs.gpr[POSADA_R11] = stride;
		err = vm->vcpu.driver->state_set(&vm->vcpu, &state, MODE_GROUPS);
	}
	return err ? fail("cannot set the state of the benchmark guest: %s.", why(err)) : 0;
}

int bench_start(struct vm *vm, enum bench_code code, uint64_t count, uint64_t parameter,
		uint64_t stride)
{
	return start(vm, bench_code_table[code], count, parameter, stride);
}

int bench_start_marked(struct vm *vm, enum bench_code code, uint64_t count, uint64_t parameter)
{
	return start(vm, bench_mark_table[code], count, parameter, 0);
}

/* As short as a launcher's can be.  Return: 1 to go on, 0 at the end, -1 after fail(). */
static int step(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;

	switch (run->reason) {
	case POSADA_EXIT_IO:
		if (run->io.port == BENCH_DONE)
			return 0;
		if (run->io.port == BENCH_DEVICE) {
			exit_io(vm);
			return 1;
		}
		if (run->io.flags & POSADA_IO_IN)
			run->regs[POSADA_RAX] = 0;
		run->apply = POSADA_APPLY_SKIP;
		return 1;
	case POSADA_EXIT_MMIO:
		exit_mmio(vm);
		return vm->end ? fail("the benchmark guest ended: %s.", vm->why) : 1;
	case POSADA_EXIT_HLT:
	case POSADA_EXIT_HYPERCALL:
		run->apply = POSADA_APPLY_SKIP;
		return 1;
	case POSADA_EXIT_KICK:
	case POSADA_EXIT_NONE:
		return 1;
	default:
		return fail("the benchmark guest ended: %s (hardware reason %u, %s).",
			    posada_exit_name(run->reason), run->hw_reason,
			    exit_reason_name(run->hw_reason));
	}
}

int bench_run(struct vm *vm)
{
	for (;;) {
		int ret = posada_run(vm->vcpu.fd);

		if (ret == -EINTR)
			continue;
		if (ret)
			return fail("POSADA_RUN: %s.", why(ret));
		ret = step(vm);
		if (ret <= 0)
			return ret;
	}
}
