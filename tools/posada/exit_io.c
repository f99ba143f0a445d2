// SPDX-License-Identifier: GPL-2.0
/* Exits of IN, OUT, INS and OUTS. */
#include "loop.h"

#include <string.h>

#include "cli.h"
#include "linear.h"
#include "vm.h"
#include "walk.h"

#define RFLAGS_TF (1ULL << 8)
#define RFLAGS_DF (1ULL << 10)
#define EFER_LMA  (1ULL << 10)

/* A REP goes on for that many elements before the guest may take an interrupt. */
#define ROUNDS	  1024

static uint64_t mask_of(unsigned int size)
{
	return size >= 8 ? ~0ULL : (1ULL << (size * 8)) - 1;
}

/* --verbose: ports that the guest looks for and nobody answers to, once each. */
static void tell_unclaimed(struct vm *vm, const struct posada_run *run)
{
	uint16_t port = run->io.port;

	if (bus_port_claimed(&vm->bus, port) || vm->reported[port / 8] & 1 << port % 8)
		return;
	vm->reported[port / 8] |= 1 << port % 8;
	note("nothing answers at port %#x (%s, %u bytes, rip %#llx)", port,
	     run->io.flags & POSADA_IO_IN ? "read" : "write", run->io.width,
	     (unsigned long long)run->rip);
}

static void in(struct vm *vm, struct posada_run *run)
{
	__u64 *rax = &run->regs[POSADA_RAX];
	unsigned int width = run->io.width;
	uint32_t value;

	pthread_mutex_lock(&vm->lock);
	value = bus_in(&vm->bus, run->io.port, width);
	pthread_mutex_unlock(&vm->lock);
	/* A 32-bit result clears the upper half of RAX, a shorter one leaves the rest. */
	*rax = width == 4 ? value : (*rax & ~mask_of(width)) | value;
}

static void out(struct vm *vm, const struct posada_run *run)
{
	pthread_mutex_lock(&vm->lock);
	bus_out(&vm->bus, run->io.port, run->io.width, run->regs[POSADA_RAX]);
	pthread_mutex_unlock(&vm->lock);
}

/* ---- string forms ------------------------------------------------------------- */

/* An IGNORE row of the trap policy is about the port: what it gives a read. */
static bool ignored(const struct posada_run *run)
{
	return run->io.flags & POSADA_IO_IGNORED;
}

static int ins(struct vm *vm, struct posada_run *run, uint64_t linear)
{
	uint32_t value;
	/* The port is read only once it is sure that the value can be stored. */
	int ret = linear_writable(vm, linear, run->io.width);

	if (ret)
		return ret;
	if (ignored(run)) {
		value = run->io.value;
	} else {
		pthread_mutex_lock(&vm->lock);
		value = bus_in(&vm->bus, run->io.port, run->io.width);
		pthread_mutex_unlock(&vm->lock);
	}
	return linear_write(vm, linear, &value, run->io.width);
}

static int outs(struct vm *vm, struct posada_run *run, uint64_t linear)
{
	uint32_t value = 0;
	int ret = linear_read(vm, linear, &value, run->io.width, WALK_READ);

	if (ret || ignored(run))
		return ret;
	pthread_mutex_lock(&vm->lock);
	bus_out(&vm->bus, run->io.port, run->io.width, value);
	pthread_mutex_unlock(&vm->lock);
	return LINEAR_OK;
}

/* Registers of address size: 32-bit results clear the upper half, as always. */
static void advance(__u64 *reg, unsigned int size, uint64_t by)
{
	if (size == 2)
		*reg = (*reg & ~0xffffULL) | ((*reg + by) & 0xffff);
	else
		*reg = (*reg + by) & mask_of(size);
}

/*
 * The exit tells the linear address of the first element.  Later ones lie at a
 * distance of whole elements, but the offset in the segment wraps at the
 * address size.
 */
static void exit_io_string(struct vm *vm, struct posada_run *run)
{
	bool is_in = run->io.flags & POSADA_IO_IN, rep = run->io.flags & POSADA_IO_REP;
	unsigned int size = run->io.address_size;
	uint64_t mask = mask_of(size);
	__u64 *index = &run->regs[is_in ? POSADA_RDI : POSADA_RSI];
	__u64 *count = &run->regs[POSADA_RCX];
	uint64_t by = run->rflags & RFLAGS_DF ? -(uint64_t)run->io.width : run->io.width;
	uint64_t base = run->io.gva - (*index & mask);

	for (unsigned int round = 0; !rep || *count & mask; round++) {
		uint64_t linear = base + (*index & mask);
		int ret;

		if (round == ROUNDS)
			return; /* not skipped: the guest executes the rest */
		if (round && run->rflags & RFLAGS_TF) {
			run->apply = POSADA_APPLY_RIP; /* each round is a step that traps */
			return;
		}
		if (!(run->efer & EFER_LMA))
			linear &= 0xffffffff;
		ret = is_in ? ins(vm, run, linear) : outs(vm, run, linear);
		if (ret)
			return;
		advance(index, size, by);
		if (!rep)
			break;
		advance(count, size, -1ULL);
	}
	run->apply = POSADA_APPLY_SKIP;
}

/* ---- a driver that executes them itself -------------------------------------------- */

static void exit_io_data(struct vm *vm, struct posada_run *run)
{
	const struct driver_data *data = &vm->vcpu.data;
	uint8_t *at = data->bytes;
	uint32_t value;

	pthread_mutex_lock(&vm->lock);
	for (uint32_t i = 0; i < data->count; i++, at += data->width) {
		if (run->io.flags & POSADA_IO_IN) {
			value = bus_in(&vm->bus, run->io.port, data->width);
			memcpy(at, &value, data->width);
		} else {
			value = 0;
			memcpy(&value, at, data->width);
			bus_out(&vm->bus, run->io.port, data->width, value);
		}
	}
	pthread_mutex_unlock(&vm->lock);
	run->apply = POSADA_APPLY_SKIP;
}

void exit_io(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;

	if (vm->verbose && !ignored(run))
		tell_unclaimed(vm, run);
	if (vm->vcpu.data.bytes) {
		exit_io_data(vm, run);
		return;
	}
	if (run->io.flags & POSADA_IO_STRING) {
		exit_io_string(vm, run);
		return;
	}
	if (run->io.flags & POSADA_IO_IN)
		in(vm, run);
	else
		out(vm, run);
	run->apply = POSADA_APPLY_SKIP;
}
