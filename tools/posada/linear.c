// SPDX-License-Identifier: GPL-2.0
/* Guest-linear memory as the guest's own accesses see it. */
#include "linear.h"

#include <errno.h>
#include <string.h>

#include "vm.h"
#include "walk.h"

#define VECTOR_UD 6
#define VECTOR_PF 14

#define CR0_PE	  (1ULL << 0)
#define PAGE_SIZE 4096U

/* ---- exceptions ---------------------------------------------------------------- */

/* Not every exit tells CR0. */
static int get_cr0(struct vm *vm, uint64_t *cr0)
{
	const struct posada_run *run = vm->vcpu.run;
	struct posada_state state = { 0 };
	int err = 0;

	if (run->reason == POSADA_EXIT_MMIO ||
	    (run->reason == POSADA_EXIT_IO && run->io.flags & POSADA_IO_STRING)) {
		*cr0 = run->cr0;
	} else {
		err = vm->vcpu.driver->state_get(&vm->vcpu, &state, POSADA_STATE_CONTROL);
		*cr0 = state.control.cr0;
	}
	return err;
}

static int queue(struct vm *vm, struct posada_interrupt *event)
{
	uint64_t cr0;
	int err = get_cr0(vm, &cr0);

	/* Exceptions push no error code in real mode. */
	if (!err && !(cr0 & CR0_PE)) {
		event->flags = 0;
		event->error_code = 0;
	}
	if (!err)
		err = vm->vcpu.driver->interrupt(&vm->vcpu, event);
	if (!err)
		return LINEAR_FAULT;
	vm_end(vm, END_ERROR, err, "cannot inject exception %u: %s", event->vector, strerror(-err));
	return LINEAR_STUCK;
}

int vcpu_fault(struct vm *vm, uint32_t vector)
{
	struct posada_interrupt event = {
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = vector,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
	};

	return queue(vm, &event);
}

int vcpu_undefined(struct vm *vm)
{
	struct posada_interrupt event = { .type = POSADA_INTERRUPT_EXCEPTION, .vector = VECTOR_UD };

	return queue(vm, &event);
}

static int page_fault(struct vm *vm, uint64_t address, uint32_t error_code)
{
	struct posada_interrupt event = {
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = VECTOR_PF,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
		.error_code = error_code,
		.payload = address,
	};

	return queue(vm, &event);
}

/* ---- accesses --------------------------------------------------------------------- */

static int translate(struct vm *vm, uint64_t linear, uint32_t access, uint64_t *gpa)
{
	const struct posada_run *run = vm->vcpu.run;
	const struct walk_cpu cpu = {
		.cr0 = run->cr0,
		.cr3 = run->cr3,
		.cr4 = run->cr4,
		.efer = run->efer,
		.rflags = run->rflags,
		.gpa_bits = vm->driver.info.gpa_bits,
	};
	const struct walk_memory tables = walk_ram(&vm->ram);
	struct walk_result result;

	if ((run->ss_access >> 5 & 3) == 3)
		access |= WALK_USER;
	switch (walk(&cpu, &tables, linear, access, &result)) {
	case WALK_OK:
		*gpa = result.gpa;
		return LINEAR_OK;
	case WALK_FAULT:
		return page_fault(vm, linear, result.error_code);
	case WALK_CANONICAL:
		return vcpu_fault(vm, 13);
	default:
		vm_end(vm, END_STUCK, 0,
		       "page tables at %#llx, where there is no memory, for address %#llx",
		       (unsigned long long)result.table_gpa, (unsigned long long)linear);
		return LINEAR_STUCK;
	}
}

/* The exit has told one translation already; most accesses need no other. */
static int find(struct vm *vm, uint64_t linear, uint32_t access, uint64_t *gpa)
{
	const struct posada_run *run = vm->vcpu.run;
	uint32_t known = access & WALK_WRITE ? POSADA_ACCESS_WRITE : POSADA_ACCESS_READ;

	if (run->reason == POSADA_EXIT_MMIO && run->mmio.gva == linear && !(access & WALK_EXEC) &&
	    (run->mmio.flags & (known | POSADA_ACCESS_GVA)) == (known | POSADA_ACCESS_GVA)) {
		*gpa = run->mmio.gpa;
		return LINEAR_OK;
	}
	return translate(vm, linear, access, gpa);
}

static unsigned int in_page(uint64_t linear, unsigned int len)
{
	unsigned int left = PAGE_SIZE - (linear & (PAGE_SIZE - 1));

	return len < left ? len : left;
}

static void read_gpa(struct vm *vm, uint64_t gpa, void *to, unsigned int len)
{
	if (!guest_memory_read(&vm->ram, gpa, to, len))
		return;
	pthread_mutex_lock(&vm->lock);
	bus_read(&vm->bus, gpa, to, len);
	pthread_mutex_unlock(&vm->lock);
}

static void write_gpa(struct vm *vm, uint64_t gpa, const void *from, unsigned int len)
{
	if (!guest_memory_write(&vm->ram, gpa, from, len))
		return;
	pthread_mutex_lock(&vm->lock);
	bus_write(&vm->bus, gpa, from, len);
	pthread_mutex_unlock(&vm->lock);
}

int linear_read(struct vm *vm, uint64_t linear, void *to, unsigned int len, uint32_t access)
{
	uint8_t *out = to;

	while (len) {
		unsigned int here = in_page(linear, len);
		uint64_t gpa;
		int ret = find(vm, linear, access, &gpa);

		if (ret)
			return ret;
		read_gpa(vm, gpa, out, here);
		linear += here;
		out += here;
		len -= here;
	}
	return LINEAR_OK;
}

/* The one or two places that a write goes to.  All of them are found before any is written. */
static int find_writable(struct vm *vm, uint64_t linear, unsigned int len, uint64_t gpa[2])
{
	unsigned int first = in_page(linear, len);
	int ret = find(vm, linear, WALK_WRITE, &gpa[0]);

	if (!ret && first < len)
		ret = translate(vm, linear + first, WALK_WRITE, &gpa[1]);
	return ret;
}

int linear_writable(struct vm *vm, uint64_t linear, unsigned int len)
{
	uint64_t gpa[2];

	return find_writable(vm, linear, len, gpa);
}

int linear_write(struct vm *vm, uint64_t linear, const void *from, unsigned int len)
{
	unsigned int first = in_page(linear, len);
	uint64_t gpa[2];
	int ret = find_writable(vm, linear, len, gpa);

	if (ret)
		return ret;
	write_gpa(vm, gpa[0], from, first);
	if (first < len)
		write_gpa(vm, gpa[1], (const uint8_t *)from + first, len - first);
	return LINEAR_OK;
}
