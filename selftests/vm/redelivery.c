// SPDX-License-Identifier: GPL-2.0
/*
 * Is an event whose delivery ran into a page that is not there yet delivered
 * once: neither lost nor twice, with its error code, address and saved RIP?
 */
#include <sys/mman.h>

#include "test.h"

#define VECTOR 0x41

FIXTURE(broken) {
	struct vm vm;
	struct vcpu cpu;
	struct posada_run *run;
};

/* What delivery touches: one of these pages is made to be absent. */
FIXTURE_VARIANT(broken) {
	uint64_t page;
};

FIXTURE_VARIANT_ADD(broken, idt) { .page = GUEST_IDT };
FIXTURE_VARIANT_ADD(broken, gdt) { .page = GUEST_GDT };
FIXTURE_VARIANT_ADD(broken, stack) { .page = GUEST_STACK - 0x1000 };

/*
 * Everything is touched before the OUT, so that between it and the event there
 * is no other reason for the pages to be mapped again.
 */
GUEST_CODE(waits,
"	push %rax\n"
"	pop %rax\n"
"	int $0x99\n"
"	movl $0, COUNT\n"
"	out %al, $0x80\n"
"waits_plain:\n"
"	nop\n"
"	hlt\n"
"waits_int:\n"
"	int $0x50\n"
"waits_int_after:\n"
"	hlt\n"
"waits_int3:\n"
"	int3\n"
"waits_int3_after:\n"
"	hlt\n"
"waits_ud:\n"
"	ud2\n"
"waits_recover:\n"
"	hlt\n"
"waits_pf:\n"
"	mov %eax, (%rbx)\n"
"waits_icebp:\n"
"	.byte 0xf1\n"
"waits_icebp_after:\n"
"	hlt\n"
"waits_nmi:\n"
"	inc %r8d\n"
"	out %al, $0x81\n"
"	iretq\n");
GUEST_LABEL(waits_plain);
GUEST_LABEL(waits_int);
GUEST_LABEL(waits_int_after);
GUEST_LABEL(waits_int3);
GUEST_LABEL(waits_int3_after);
GUEST_LABEL(waits_ud);
GUEST_LABEL(waits_recover);
GUEST_LABEL(waits_pf);
GUEST_LABEL(waits_nmi);
GUEST_LABEL(waits_icebp);
GUEST_LABEL(waits_icebp_after);

/* The page is as it was, but the guest has to fault it in again. */
static void drop(struct vm *vm, uint64_t gpa)
{
	uint8_t copy[0x1000];

	memcpy(copy, vm->ram + gpa, sizeof(copy));
	require(madvise(vm->ram + gpa, sizeof(copy), MADV_DONTNEED) == 0);
	memcpy(vm->ram + gpa, copy, sizeof(copy));
}

FIXTURE_SETUP(broken)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	boot_long(&self->cpu);
	self->run = self->cpu.run;
	vcpu_code(&self->cpu, waits);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(0x80, self->run->io.port);
	drop(&self->vm, variant->page);
	vm_log(&self->vm)->recover = guest_address(waits, waits_recover);
}

FIXTURE_TEARDOWN(broken)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

static void go_on_at(struct vcpu *cpu, uint64_t rip)
{
	cpu->run->rip = rip;
	cpu->run->rflags = RFLAGS_FIXED | RFLAGS_IF;
	cpu->run->apply = POSADA_APPLY_RIP | POSADA_APPLY_RFLAGS;
}

#define EXPECT_ONE_EVENT(v, e, where) do {				\
	EXPECT_EVENT_ONCE(v, e, where);					\
	EXPECT_EQ(1, vcpu_stats(&self->cpu).redelivered);		\
} while (0)

#define EXPECT_EVENT_ONCE(v, e, where) do {				\
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);			\
	EXPECT_EQ(1, vm_log(&self->vm)->count);				\
	EXPECT_EQ((uint64_t)(v), vm_event(&self->vm, 0)->vector);	\
	EXPECT_EQ((uint64_t)(e), vm_event(&self->vm, 0)->error);	\
	EXPECT_EQ((uint64_t)(where), vm_event(&self->vm, 0)->rip);	\
} while (0)

TEST_F(broken, interrupt)
{
	uint64_t before = vcpu_stats(&self->cpu).irq;

	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_interrupt(&self->cpu, VECTOR);
	EXPECT_ONE_EVENT(VECTOR, 0, guest_address(waits, waits_plain));
	EXPECT_EQ(before + 1, vcpu_stats(&self->cpu).irq);
}

TEST_F(broken, offer)
{
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	self->run->offer = POSADA_OFFER_VALID | VECTOR;
	EXPECT_ONE_EVENT(VECTOR, 0, guest_address(waits, waits_plain));
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(0, self->run->offer);
}

TEST_F(broken, injected_exception)
{
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_exception_error(&self->cpu, 14, 5, 0x123000);
	EXPECT_ONE_EVENT(14, 5, guest_address(waits, waits_plain));
	EXPECT_EQ(0x123000, vm_event(&self->vm, 0)->cr2);
}

TEST_F(broken, software_interrupt)
{
	go_on_at(&self->cpu, guest_address(waits, waits_int));
	EXPECT_ONE_EVENT(0x50, 0, guest_address(waits, waits_int_after));
}

TEST_F(broken, breakpoint)
{
	go_on_at(&self->cpu, guest_address(waits, waits_int3));
	EXPECT_ONE_EVENT(3, 0, guest_address(waits, waits_int3_after));
}

TEST_F(broken, own_exception)
{
	go_on_at(&self->cpu, guest_address(waits, waits_ud));
	EXPECT_ONE_EVENT(6, 0, guest_address(waits, waits_ud));
}

TEST_F(broken, own_page_fault)
{
	self->run->regs[POSADA_RBX] = 0x8000000abc;
	go_on_at(&self->cpu, guest_address(waits, waits_pf));
	EXPECT_ONE_EVENT(14, 2, guest_address(waits, waits_pf));
	EXPECT_EQ(0x8000000abc, vm_event(&self->vm, 0)->cr2);
}

/* INT1: the saved RIP is behind it, so its length has to come along. */
TEST_F(broken, icebp)
{
	go_on_at(&self->cpu, guest_address(waits, waits_icebp));
	/* not counted: a #DB is always delivered by the module */
	EXPECT_EVENT_ONCE(1, 0, guest_address(waits, waits_icebp_after));
}

TEST_F(broken, injected_double_fault)
{
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_exception_error(&self->cpu, 8, 0, 0);
	EXPECT_ONE_EVENT(8, 0, guest_address(waits, waits_plain));
}

/* And NMIs stay blocked until the IRET of the handler that came late. */
TEST_F(broken, nmi)
{
	boot_idt_gate(&self->vm, 2, guest_address(waits, waits_nmi), 0);
	drop(&self->vm, variant->page);
	self->run->regs[POSADA_R8] = 0;
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(0x81, self->run->io.port);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
	EXPECT_EQ(POSADA_SHADOW_NMI, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).redelivered);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
}

/* With no memory there at all the program has to help; the event waits for it. */
TEST_F(broken, by_a_page_that_the_program_has_to_map)
{
	struct posada_state state;

	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vm_unmap(&self->vm, variant->page, 0x1000);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(POSADA_ACCESS_EVENT, self->run->mmio.flags & POSADA_ACCESS_EVENT);
	EXPECT_EQ(variant->page, self->run->mmio.gpa & ~0xfffULL);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	/* valid, external interrupt */
	EXPECT_EQ(0x80000000 | VECTOR, state.events.event);
	EXPECT_EQ(0, state.events.vectors[VECTOR / 64]);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	vm_map(&self->vm, variant->page, self->vm.ram + variant->page, 0x1000, 0);
	EXPECT_EVENT_ONCE(VECTOR, 0, guest_address(waits, waits_plain));
}

/* Broken off by a page that is nowhere; the program says that the access faults. */
static void broken_by_gp(struct vm *vm, struct vcpu *cpu, uint64_t page)
{
	vm_unmap(vm, page, 0x1000);
	vcpu_run_to(cpu, POSADA_EXIT_MMIO);
	require(cpu->run->mmio.flags & POSADA_ACCESS_EVENT);
	vm_map(vm, page, vm->ram + page, 0x1000, 0);
	vcpu_exception_error(cpu, 13, 0x18, 0);
}

/* SDM 3A 6.15: one after the other, and the interrupt is not lost. */
TEST_F(broken, an_interrupt_gives_way_to_an_exception_and_comes_again)
{
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_interrupt(&self->cpu, VECTOR);
	broken_by_gp(&self->vm, &self->cpu, variant->page);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0x18, vm_event(&self->vm, 0)->error);
	EXPECT_EQ(VECTOR, vm_event(&self->vm, 1)->vector);
}

TEST_F(broken, a_page_fault_and_an_exception_are_a_double_fault)
{
	self->run->regs[POSADA_RBX] = 0x8000000abc;
	go_on_at(&self->cpu, guest_address(waits, waits_pf));
	broken_by_gp(&self->vm, &self->cpu, variant->page);
	EXPECT_EVENT_ONCE(8, 0, guest_address(waits, waits_pf));
}

TEST_F(broken, a_double_fault_and_an_exception_are_a_shutdown)
{
	go_on_at(&self->cpu, guest_address(waits, waits_plain));
	vcpu_exception_error(&self->cpu, 8, 0, 0);
	broken_by_gp(&self->vm, &self->cpu, variant->page);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

TEST_F(broken, an_int_n_gives_way_and_is_executed_again)
{
	go_on_at(&self->cpu, guest_address(waits, waits_int));
	broken_by_gp(&self->vm, &self->cpu, variant->page);
	EXPECT_EVENT_ONCE(13, 0x18, guest_address(waits, waits_int));
}

/* Such an event is part of the state: a vCPU made from it delivers it. */
TEST_F(broken, and_continued_on_another_vcpu)
{
	static const uint32_t groups = POSADA_STATE_REGS | POSADA_STATE_SEGMENTS |
		POSADA_STATE_CONTROL | POSADA_STATE_DEBUG | POSADA_STATE_EVENTS;
	struct posada_state state;
	struct vcpu other;

	go_on_at(&self->cpu, guest_address(waits, waits_int));
	vm_unmap(&self->vm, variant->page, 0x1000);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	state = vcpu_state(&self->cpu, groups);
	EXPECT_EQ(0x80000400 | 0x50, state.events.event);
	EXPECT_EQ(2, state.events.event_length);
	vm_map(&self->vm, variant->page, self->vm.ram + variant->page, 0x1000, 0);
	vcpu_create(&self->vm, &other, 1);
	vcpu_state_set(&other, &state, groups);
	vcpu_run_to(&other, POSADA_EXIT_HLT);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0x50, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(waits, waits_int_after), vm_event(&self->vm, 0)->rip);
	vcpu_close(&other);
}

TEST_HARNESS_MAIN
