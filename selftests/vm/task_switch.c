// SPDX-License-Identifier: GPL-2.0
/*
 * Do task switches by hardware work, done by tools/lib/task_switch.c from what the exit
 * tells, and is an event that came through a task gate delivered by that alone?
 */
#include "test.h"

#include "task_switch.h"

#define NP 11
#define TS 10

/* More of the GDT, and TSSs in the free part of memory */
#define TASK		0x58
#define TASK16		0x60
#define DF_TASK		0x68
#define NOT_PRESENT	0x70
#define GDT_LIMIT	0x77
#define TASK_TSS	0x21000
#define TASK16_TSS	0x21100
#define DF_TSS		0x21200
#define TASK_STACK	0x88000
#define TASK_STACK0	0x87000
#define OTHER_PD	0x22000
#define MAIN		GUEST_TSS_SELECTOR

#define BUSY		2
#define RFLAGS_NT	0x4000
#define CR0_TS		8
#define DR6_BT		0x8000

GUEST_CODE_32(tasks,
"	mov $0x1111, %ebx\n"
"	ljmp $" GUEST_STR(TASK) ", $0\n"
"tasks_after_jmp:\n"
"	mov %ebx, %esi\n"
"	hlt\n"
"tasks_calls:\n"
"	mov $0x2222, %ebx\n"
"	lcall $" GUEST_STR(TASK) ", $0\n"
"tasks_after_call:\n"
"	lcall $" GUEST_STR(TASK) ", $0\n"
"	hlt\n"
"tasks_jmp_16:\n"
"	ljmp $" GUEST_STR(TASK16) ", $0\n"
"tasks_after_jmp_16:\n"
"	hlt\n"
"tasks_jmp_not_present:\n"
"	ljmp $" GUEST_STR(NOT_PRESENT) ", $0\n"
"tasks_recover:\n"
"	hlt\n"
"tasks_int:\n"
"	int $0x42\n"
"tasks_after_int:\n"
"	hlt\n"
"tasks_gp:\n"
"	mov $0xff8, %eax\n"
"	mov %eax, %fs\n"
"	hlt\n"
"tasks_waits:\n"
"	nop\n"
"	hlt\n"
/* the tasks */
"tasks_task_jmp:\n"
"	out %al, $0x80\n"
"	ljmp $" GUEST_STR(MAIN) ", $0\n"
"tasks_task_iret:\n"
"	incl DATA\n"
"	out %al, $0x81\n"
"	iret\n"
"	jmp tasks_task_iret\n"
"tasks_task_error:\n"
"	pop %eax\n"
"	out %al, $0x82\n"
"	hlt\n"
"tasks_ts_handler:\n"
"	pop %eax\n"
"	out %al, $0x83\n"
"	hlt\n");
GUEST_LABEL(tasks_after_jmp);
GUEST_LABEL(tasks_calls);
GUEST_LABEL(tasks_after_call);
GUEST_LABEL(tasks_jmp_16);
GUEST_LABEL(tasks_after_jmp_16);
GUEST_LABEL(tasks_jmp_not_present);
GUEST_LABEL(tasks_recover);
GUEST_LABEL(tasks_int);
GUEST_LABEL(tasks_after_int);
GUEST_LABEL(tasks_gp);
GUEST_LABEL(tasks_waits);
GUEST_LABEL(tasks_task_jmp);
GUEST_LABEL(tasks_task_iret);
GUEST_LABEL(tasks_task_error);
GUEST_LABEL(tasks_ts_handler);

FIXTURE(guest) {
	struct vm vm;
	struct vcpu cpu;
	struct posada_run *run;
	struct guest_memory ram;
};

struct tss {
	uint32_t link, esp0, ss0, other_stacks[4], cr3, eip, eflags, gpr[8];
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, io_map;
};

static struct tss *tss_at(struct vm *vm, uint64_t gpa)
{
	return (struct tss *)(vm->ram + gpa);
}

static uint8_t *gdt_at(struct vm *vm, uint16_t selector)
{
	return vm->ram + GUEST_GDT + selector;
}

static void descriptor(struct vm *vm, uint16_t selector, uint32_t base, uint16_t limit,
		       uint8_t access)
{
	uint64_t d = limit | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40;

	memcpy(gdt_at(vm, selector), &d, 8);
}

static void task_gate(struct vm *vm, uint8_t vector, uint16_t selector)
{
	uint64_t gate = (uint64_t)selector << 16 | 0xe5ULL << 40;

	memcpy(vm->ram + GUEST_IDT + 8 * vector, &gate, 8);
}

static void task(struct vm *vm, uint64_t gpa, const unsigned char *label)
{
	*tss_at(vm, gpa) = (struct tss){
		.esp0 = TASK_STACK0, .ss0 = GUEST_DATA32,
		.cr3 = GUEST_PD32,
		.eip = guest_address(tasks, label), .eflags = 2,
		.gpr = { [POSADA_RSP] = TASK_STACK, [POSADA_RBX] = 0x7777 },
		.es = GUEST_DATA32, .cs = GUEST_CODE32, .ss = GUEST_DATA32,
		.ds = GUEST_DATA32, .fs = GUEST_DATA32, .gs = GUEST_DATA32,
	};
}

static void tables(struct vcpu *cpu)
{
	struct posada_state state = vcpu_state(cpu, POSADA_STATE_SEGMENTS);
	struct vm *vm = cpu->vm;

	state.segments.gdtr.limit = GDT_LIMIT;
	vcpu_state_set(cpu, &state, POSADA_STATE_SEGMENTS);
	descriptor(vm, TASK, TASK_TSS, 0x67, 0x89);
	descriptor(vm, TASK16, TASK16_TSS, 0x2b, 0x81);
	descriptor(vm, DF_TASK, DF_TSS, 0x67, 0x89);
	descriptor(vm, NOT_PRESENT, TASK_TSS, 0x67, 0x09);
	vcpu_code(cpu, tasks);
}

FIXTURE_SETUP(guest)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	boot_protected(&self->cpu);
	self->run = self->cpu.run;
	tables(&self->cpu);
	task(&self->vm, TASK_TSS, tasks_task_iret);
	task(&self->vm, DF_TSS, tasks_task_error);
	require(guest_memory_add(&self->ram, 0, GUEST_RAM_SIZE, self->vm.ram) == 0);
}

FIXTURE_TEARDOWN(guest)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

/* What the launcher does. */
static void do_switch(FIXTURE_DATA(guest) *self)
{
	struct posada_state state = vcpu_state(&self->cpu, TASK_GROUPS);
	struct posada_info info = device_info(self->vm.device);
	struct task_result result;

	switch (task_switch(self->run, &self->ram, info.gpa_bits, &state, &result)) {
	case TASK_EXCEPTION:
		vcpu_state_set(&self->cpu, &state, TASK_GROUPS);
		require(__vcpu_interrupt(&self->cpu, &result.exception) == 0);
		break;
	case TASK_DONE:
		vcpu_state_set(&self->cpu, &state, TASK_GROUPS);
		break;
	case TASK_NO_MEMORY:
		die("no memory at %#llx", (unsigned long long)result.gpa);
	}
}

static void run_to(FIXTURE_DATA(guest) *self, uint32_t reason)
{
	do {
		require(__vcpu_run_on(&self->cpu) == 0);
		if (self->run->reason == POSADA_EXIT_TASK_SWITCH)
			do_switch(self);
	} while (self->run->reason == POSADA_EXIT_TASK_SWITCH);
	if (self->run->reason != reason)
		die("exit %s, port %#x, hw %u, rip %#llx", exit_name(self->run->reason),
		    self->run->io.port, self->run->hw_reason,
		    (unsigned long long)self->run->rip);
}

static void run_to_port(FIXTURE_DATA(guest) *self, uint16_t port)
{
	run_to(self, POSADA_EXIT_IO);
	if (self->run->io.port != port)
		die("port %#x, not %#x", self->run->io.port, port);
	self->run->apply = POSADA_APPLY_SKIP;
}

static void go_to(FIXTURE_DATA(guest) *self, const unsigned char *label)
{
	vcpu_rip_set(&self->cpu, guest_address(tasks, label));
}

static uint16_t tr(FIXTURE_DATA(guest) *self)
{
	return vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS).segments.tr.selector;
}

static bool busy(FIXTURE_DATA(guest) *self, uint16_t selector)
{
	return gdt_at(&self->vm, selector)[5] & BUSY;
}

/* ---- what the exit tells ---- */

TEST_F(guest, nothing_has_happened_at_the_exit)
{
	uint64_t rip;

	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	EXPECT_EQ(9, self->run->hw_reason);
	EXPECT_EQ(TASK, self->run->task.selector);
	EXPECT_EQ(POSADA_TASK_JMP, self->run->task.source);
	EXPECT_EQ(0, self->run->task.event);
	EXPECT_EQ(0, self->run->task.event_error);
	EXPECT_EQ(7, self->run->insn_len);
	EXPECT_EQ(TASK | 2U << 30, self->run->qualification);
	EXPECT_EQ(MAIN, tr(self));
	rip = self->run->rip;
	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	EXPECT_EQ(rip, self->run->rip);
}

TEST_F(guest, the_exit_tells_of_int_n)
{
	task_gate(&self->vm, 0x42, TASK);
	go_to(self, tasks_int);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	EXPECT_EQ(POSADA_TASK_GATE, self->run->task.source);
	EXPECT_EQ(0x80000442, self->run->task.event);
	EXPECT_EQ(2, self->run->insn_len);
	EXPECT_EQ(guest_address(tasks, tasks_int), self->run->rip);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.event);
}

TEST_F(guest, the_exit_tells_of_an_exception_which_is_not_delivered_again)
{
	uint64_t redelivered;

	task_gate(&self->vm, 13, TASK);
	go_to(self, tasks_waits);
	vcpu_exception_error(&self->cpu, 13, 0x50, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	EXPECT_EQ(POSADA_TASK_GATE, self->run->task.source);
	EXPECT_EQ(0x80000b0d, self->run->task.event);
	EXPECT_EQ(0x50, self->run->task.event_error);
	EXPECT_EQ(0, self->run->insn_len);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.event);
	/* (once it was, when its delivery touched the tables for the first time) */
	redelivered = vcpu_stats(&self->cpu).redelivered;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	EXPECT_EQ(redelivered, vcpu_stats(&self->cpu).redelivered);
}

/* ---- switches ---- */

TEST_F(guest, jmp_and_back)
{
	struct posada_state state;

	task(&self->vm, TASK_TSS, tasks_task_jmp);
	run_to_port(self, 0x80);
	state = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL |
			   POSADA_STATE_REGS);
	EXPECT_EQ(TASK, state.segments.tr.selector);
	EXPECT_EQ(CR0_TS, state.control.cr0 & CR0_TS);
	EXPECT_EQ(0, state.regs.rflags & RFLAGS_NT);
	EXPECT_EQ(TASK_STACK, state.regs.gpr[POSADA_RSP]);
	EXPECT_EQ(0x7777, self->run->regs[POSADA_RBX]);
	EXPECT_FALSE(busy(self, MAIN));
	EXPECT_TRUE(busy(self, TASK));
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(0x1111, self->run->regs[POSADA_RSI]);
	EXPECT_EQ(guest_address(tasks, tasks_after_jmp) + 2, self->run->rip);
	EXPECT_EQ(MAIN, tr(self));
	EXPECT_TRUE(busy(self, MAIN));
	EXPECT_FALSE(busy(self, TASK));
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

TEST_F(guest, call_and_iret_and_call_again)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);

	go_to(self, tasks_calls);
	run_to_port(self, 0x81);
	EXPECT_EQ(RFLAGS_NT, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rflags & RFLAGS_NT);
	EXPECT_EQ(MAIN, tss_at(&self->vm, TASK_TSS)->link & 0xffff);
	EXPECT_TRUE(busy(self, MAIN));
	EXPECT_TRUE(busy(self, TASK));
	run_to_port(self, 0x81);
	EXPECT_EQ(2, *data);
	EXPECT_FALSE(tss_at(&self->vm, TASK_TSS)->eflags & RFLAGS_NT);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(MAIN, tr(self));
	EXPECT_FALSE(busy(self, TASK));
	EXPECT_EQ(0x2222, self->run->regs[POSADA_RBX]);
}

struct tss16 {
	uint16_t link, stacks[6], ip, flags, gpr[8], es, cs, ss, ds, ldt;
};

TEST_F(guest, to_a_16_bit_tss_and_back)
{
	struct tss16 *tss = (struct tss16 *)(self->vm.ram + TASK16_TSS);

	/* a 16-bit IP reaches but the first 64 KiB: CS has its base at the code */
	*tss = (struct tss16){
		.ip = guest_address(tasks, tasks_task_jmp) - GUEST_CODE_AT, .flags = 2,
		.gpr = { [POSADA_RSP] = 0x8000, [POSADA_RBX] = 0x1616 },
		.es = GUEST_DATA32, .cs = 0x28, .ss = GUEST_DATA32, .ds = GUEST_DATA32,
	};
	memcpy(gdt_at(&self->vm, 0x28), "\xff\xff\x00\x00\x01\x9a\xcf\x00", 8);
	go_to(self, tasks_jmp_16);
	run_to_port(self, 0x80);
	EXPECT_EQ(TASK16, tr(self));
	EXPECT_EQ(0x1616, self->run->regs[POSADA_RBX]);
	EXPECT_EQ(0x8000, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.gpr[POSADA_RSP]);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(guest_address(tasks, tasks_after_jmp_16), self->run->rip);
	EXPECT_EQ(MAIN, tr(self));
	EXPECT_LT(0, tss->ip);
}

TEST_F(guest, with_paging_the_new_task_has_its_own_cr3)
{
	boot_paging32(&self->cpu);
	tables(&self->cpu);
	memcpy(self->vm.ram + OTHER_PD, self->vm.ram + GUEST_PD32, 0x1000);
	task(&self->vm, TASK_TSS, tasks_task_jmp);
	tss_at(&self->vm, TASK_TSS)->cr3 = OTHER_PD;
	tss_at(&self->vm, GUEST_TSS)->cr3 = GUEST_PD32;
	run_to_port(self, 0x80);
	EXPECT_EQ(OTHER_PD, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr3);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(GUEST_PD32, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr3);
	EXPECT_EQ(0x1111, self->run->regs[POSADA_RSI]);
}

TEST_F(guest, with_pae_paging)
{
	boot_pae(&self->cpu);
	tables(&self->cpu);
	memcpy(self->vm.ram + OTHER_PD, self->vm.ram + GUEST_PAE_PDPT, 32);
	task(&self->vm, TASK_TSS, tasks_task_jmp);
	tss_at(&self->vm, TASK_TSS)->cr3 = OTHER_PD;
	tss_at(&self->vm, GUEST_TSS)->cr3 = GUEST_PAE_PDPT;
	run_to_port(self, 0x80);
	EXPECT_EQ(OTHER_PD, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr3);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(0x1111, self->run->regs[POSADA_RSI]);
}

/* ---- through gates ---- */

TEST_F(guest, interrupts_through_a_task_gate)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	uint32_t i;

	task_gate(&self->vm, 0x41, TASK);
	for (i = 1; i <= 3; i++) {
		go_to(self, tasks_waits);
		vcpu_rflags_set(&self->cpu, RFLAGS_IF);
		vcpu_interrupt(&self->cpu, 0x41);
		run_to_port(self, 0x81);
		EXPECT_EQ(guest_address(tasks, tasks_waits), tss_at(&self->vm, GUEST_TSS)->eip);
		EXPECT_EQ(TASK_STACK,
			  vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.gpr[POSADA_RSP]);
		run_to(self, POSADA_EXIT_HLT);
		EXPECT_EQ(i, *data);
		EXPECT_EQ(MAIN, tr(self));
	}
	EXPECT_EQ(3, vcpu_stats(&self->cpu).irq);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

/* What another thread queues while the program switches is not lost. */
TEST_F(guest, an_interrupt_that_is_queued_meanwhile)
{
	struct posada_state state;
	struct task_result result;

	task_gate(&self->vm, 0x41, TASK);
	go_to(self, tasks_waits);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, 0x41);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	state = vcpu_state(&self->cpu, TASK_GROUPS);
	vcpu_interrupt(&self->cpu, 0x55);
	ASSERT_EQ(TASK_DONE, task_switch(self->run, &self->ram, 36, &state, &result));
	vcpu_state_set(&self->cpu, &state, TASK_GROUPS);
	run_to_port(self, 0x81);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0x55, vm_event(&self->vm, 0)->vector);
}

TEST_F(guest, int_n_through_a_task_gate)
{
	task_gate(&self->vm, 0x42, TASK);
	go_to(self, tasks_int);
	run_to_port(self, 0x81);
	EXPECT_EQ(guest_address(tasks, tasks_after_int), tss_at(&self->vm, GUEST_TSS)->eip);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(guest_address(tasks, tasks_after_int), self->run->rip);
}

/* NMIs are blocked in its task, until the IRET that switches back. */
TEST_F(guest, nmis_through_a_task_gate)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);

	task_gate(&self->vm, 2, TASK);
	go_to(self, tasks_waits);
	vcpu_nmi(&self->cpu);
	run_to_port(self, 0x81);
	EXPECT_EQ(POSADA_SHADOW_NMI, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TASK_SWITCH);
	EXPECT_EQ(POSADA_TASK_IRET, self->run->task.source);
	EXPECT_EQ(1, *data);
	do_switch(self);
	run_to_port(self, 0x81);
	EXPECT_EQ(2, *data);
	run_to(self, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	EXPECT_EQ(MAIN, tr(self));
}

/* #GP whose gate is not present: #NP, and the two are a double fault, which has a task. */
TEST_F(guest, a_double_fault_through_a_task_gate)
{
	task_gate(&self->vm, 8, DF_TASK);
	memset(self->vm.ram + GUEST_IDT + 8 * 13, 0, 8);
	go_to(self, tasks_gp);
	run_to_port(self, 0x82);
	EXPECT_EQ(DF_TASK, tr(self));
	EXPECT_EQ(0, self->run->regs[POSADA_RAX]);	/* its error code */
	EXPECT_EQ(TASK_STACK, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.gpr[POSADA_RSP]);
	EXPECT_EQ(guest_address(tasks, tasks_gp) + 5, tss_at(&self->vm, GUEST_TSS)->eip);
	EXPECT_EQ(MAIN, tss_at(&self->vm, DF_TSS)->link & 0xffff);
}

/* ---- switches that fault ---- */

#define EXPECT_EVENT(i, v, e, where) do {					\
	EXPECT_EQ((uint64_t)(v), vm_event(&self->vm, i)->vector);		\
	EXPECT_EQ((uint64_t)(e), vm_event(&self->vm, i)->error);		\
	EXPECT_EQ((uint64_t)(where), vm_event(&self->vm, i)->rip);		\
} while (0)

static void recover(FIXTURE_DATA(guest) *self)
{
	vm_log(&self->vm)->recover = guest_address(tasks, tasks_recover);
}

TEST_F(guest, a_tss_that_is_not_present_is_a_fault_of_the_old_task)
{
	recover(self);
	go_to(self, tasks_jmp_not_present);
	run_to(self, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EVENT(0, NP, NOT_PRESENT, guest_address(tasks, tasks_jmp_not_present));
	EXPECT_EQ(MAIN, tr(self));
}

TEST_F(guest, a_segment_that_cannot_be_loaded_is_a_fault_of_the_new_task)
{
	recover(self);
	tss_at(&self->vm, TASK_TSS)->fs = TASK;	/* no data segment */
	run_to(self, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EVENT(0, TS, TASK, guest_address(tasks, tasks_task_iret));
	EXPECT_EQ(TASK, tr(self));
	EXPECT_EQ(guest_address(tasks, tasks_recover), self->run->rip);
}

/* No CS and no stack: the handler is a task, as the manual recommends. */
TEST_F(guest, an_invalid_cs_with_a_task_for_its_handler)
{
	task_gate(&self->vm, TS, DF_TASK);
	tss_at(&self->vm, TASK_TSS)->cs = GUEST_DATA32;
	run_to_port(self, 0x82);
	EXPECT_EQ(DF_TASK, tr(self));
	EXPECT_EQ(GUEST_DATA32, self->run->regs[POSADA_RAX]);
	EXPECT_EQ(TASK, tss_at(&self->vm, DF_TSS)->link & 0xffff);
	EXPECT_EQ(GUEST_DATA32, tss_at(&self->vm, TASK_TSS)->cs);
}

/* A handler of ring 0 finds a stack in the new TSS. */
TEST_F(guest, an_invalid_ss_with_a_handler_of_ring_0)
{
	uint64_t gate = guest_address(tasks, tasks_ts_handler);

	gate = (gate & 0xffff) | GUEST_CODE32 << 16 | 0x8eULL << 40 | (gate >> 16 & 0xffff) << 48;
	memcpy(self->vm.ram + GUEST_IDT + 8 * TS, &gate, 8);
	tss_at(&self->vm, TASK_TSS)->cs = GUEST_USER_CODE32;
	tss_at(&self->vm, TASK_TSS)->ss = GUEST_CODE32;
	run_to_port(self, 0x83);
	EXPECT_EQ(TASK, tr(self));
	EXPECT_EQ(GUEST_CODE32, self->run->regs[POSADA_RAX]);
	/* SS, ESP, EFLAGS, CS and EIP are left on it */
	EXPECT_EQ(TASK_STACK0 - 20, vcpu_state(&self->cpu, POSADA_STATE_REGS)
				    .regs.gpr[POSADA_RSP]);
}

/* #GP through a task gate, and its task cannot be loaded: two contributory ones. */
TEST_F(guest, a_fault_while_an_exception_switches_is_a_double_fault)
{
	recover(self);
	task_gate(&self->vm, 13, TASK);
	tss_at(&self->vm, TASK_TSS)->fs = TASK;
	go_to(self, tasks_gp);
	run_to(self, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EVENT(0, 8, 0, guest_address(tasks, tasks_task_iret));
}

/* ...but after an interrupt it is just the fault. */
TEST_F(guest, a_fault_while_an_interrupt_switches_is_that_fault)
{
	recover(self);
	task_gate(&self->vm, 0x41, TASK);
	tss_at(&self->vm, TASK_TSS)->fs = TASK;
	go_to(self, tasks_waits);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, 0x41);
	run_to(self, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EVENT(0, TS, TASK | 1, guest_address(tasks, tasks_task_iret));
}

TEST_F(guest, the_t_bit_traps_before_the_first_instruction)
{
	tss_at(&self->vm, TASK_TSS)->trap = 1;
	run_to_port(self, 0x81);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EVENT(0, 1, 0, guest_address(tasks, tasks_task_iret));
	EXPECT_EQ(DR6_BT, vcpu_state(&self->cpu, POSADA_STATE_DEBUG).debug.dr6 & DR6_BT);
}

TEST_HARNESS_MAIN
