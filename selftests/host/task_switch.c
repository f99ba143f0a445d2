// SPDX-License-Identifier: GPL-2.0
/* Does a task switch do what a CPU does (SDM 3A 8.3), and fault where it faults? */
#include <kselftest_harness.h>

#include "task_switch.h"

#define TS 10
#define NP 11
#define SS 12
#define GP 13
#define PF 14

#define GDT	0x1000
#define OLD_TSS	0x2000
#define NEW_TSS	0x3000
#define LDT	0x4000
#define STACK	0x8000
#define PD	0x9000
#define PDPT	0xa000
#define RAM	0x20000

#define CODE	0x08
#define DATA	0x10
#define OLD	0x18
#define NEW	0x20
#define LDT_SEL	0x28
#define CODE3	0x33
#define DATA3	0x3b
#define OTHER	0x40
#define GDT_LIMIT 0x47

#define BUSY	0x2
#define NT	0x4000
#define VM86	0x20000
#define BT	0x8000

#define EVENT(type, vector)	(0x80000000U | (type) << 8 | (vector))
#define WITH_ERROR		0x800U

FIXTURE(task) {
	struct guest_memory ram;
	uint8_t *bytes;
	struct posada_run run;
	struct posada_state state;
	struct task_result result;
};

#define SELF FIXTURE_DATA(task) *self

static void word(SELF, uint32_t at, uint32_t value)
{
	memcpy(self->bytes + at, &value, 4);
}

static uint32_t get(SELF, uint32_t at)
{
	uint32_t value;

	memcpy(&value, self->bytes + at, 4);
	return value;
}

static uint16_t get16(SELF, uint32_t at)
{
	return get(self, at);
}

static void descriptor(SELF, uint16_t selector, uint32_t base, uint32_t limit, uint32_t access)
{
	uint32_t at = (selector & 4 ? LDT : GDT) + (selector & ~7);

	word(self, at, base << 16 | (limit & 0xffff));
	word(self, at + 4, (base & 0xff000000) | (limit & 0xf0000) | access << 8 |
	     (base >> 16 & 0xff));
}

static uint8_t access_of(SELF, uint16_t selector)
{
	return self->bytes[(selector & 4 ? LDT : GDT) + (selector & ~7) + 5];
}

static struct posada_segment flat(uint16_t selector, uint32_t access)
{
	return (struct posada_segment){
		.limit = 0xffffffff, .access = access, .selector = selector,
	};
}

static void old_task(SELF)
{
	struct posada_segments *s = &self->state.segments;

	for (int i = 0; i < 16; i++)
		self->state.regs.gpr[i] = 0x1000 + i;
	self->state.regs.rip = 0x5000;
	self->state.regs.rflags = 0x246;
	s->cs = flat(CODE, 0xc09b);
	s->es = s->ss = s->ds = s->fs = s->gs = flat(DATA, 0xc093);
	s->ldtr.access = POSADA_SEGMENT_UNUSABLE;
	s->tr = (struct posada_segment){
		.base = OLD_TSS, .limit = 0x67, .access = 0x8b, .selector = OLD,
	};
	s->gdtr.base = GDT;
	s->gdtr.limit = GDT_LIMIT;
	self->state.control.cr0 = 0x11;
	self->state.debug.dr7 = 0x7ff;
	self->state.debug.dr6 = 0xffff0ff0;
}

/* offsets in a 32-bit TSS */
#define T_SS0	8
#define T_CR3	28
#define T_EIP	32
#define T_FLAGS	36
#define T_GPR	40
#define T_SEG	72
#define T_LDT	96
#define T_TRAP	100
#define SEG_ES	0
#define SEG_CS	1
#define SEG_SS	2
#define SEG_DS	3
#define SEG_FS	4
#define SEG_GS	5

static void segment(SELF, int i, uint32_t selector)
{
	word(self, NEW_TSS + T_SEG + 4 * i, selector);
}

static void new_task(SELF)
{
	word(self, NEW_TSS + T_EIP, 0x6000);
	word(self, NEW_TSS + T_FLAGS, 0x202);
	word(self, NEW_TSS + T_CR3, 0x77000);
	for (int i = 0; i < 8; i++)
		word(self, NEW_TSS + T_GPR + 4 * i, 0x2000 + i);
	word(self, NEW_TSS + T_GPR + 4 * POSADA_RSP, STACK);
	for (int i = 0; i < 6; i++)
		segment(self, i, i == SEG_CS ? CODE : DATA);
}

FIXTURE_SETUP(task)
{
	self->bytes = calloc(1, RAM);
	ASSERT_EQ(0, guest_memory_add(&self->ram, 0, RAM, self->bytes));
	descriptor(self, CODE, 0, 0xfffff, 0xc09a);
	descriptor(self, DATA, 0, 0xfffff, 0xc092);
	descriptor(self, OLD, OLD_TSS, 0x67, 0x8b);
	descriptor(self, NEW, NEW_TSS, 0x67, 0x89);
	descriptor(self, LDT_SEL, LDT, 0xff, 0x82);
	descriptor(self, CODE3, 0, 0xfffff, 0xc0fa);
	descriptor(self, DATA3, 0, 0xfffff, 0xc0f2);
	old_task(self);
	new_task(self);
	self->run.task.selector = NEW;
	self->run.task.source = POSADA_TASK_JMP;
	self->run.insn_len = 7;
}

FIXTURE_TEARDOWN(task)
{
	free(self->bytes);
}

static enum task_answer switch_task(SELF)
{
	return task_switch(&self->run, &self->ram, 36, &self->state, &self->result);
}

#define EXPECT_DONE() EXPECT_EQ(TASK_DONE, switch_task(self)) {			\
	TH_LOG("exception %u, error %#x", self->result.exception.vector,	\
	       self->result.exception.error_code);				\
}

#define EXPECT_FAULT(v, e, in_new) do {						\
	EXPECT_EQ(TASK_EXCEPTION, switch_task(self));				\
	EXPECT_EQ((v), self->result.exception.vector);				\
	EXPECT_EQ((uint32_t)(e), self->result.exception.error_code);		\
	EXPECT_EQ(POSADA_INTERRUPT_ERROR_CODE, self->result.exception.flags);	\
	EXPECT_EQ((in_new), self->result.switched);				\
	EXPECT_EQ((in_new) ? 0x6000 : 0x5000, self->state.regs.rip);		\
} while (0)
#define EXPECT_OLD_FAULT(v, e) EXPECT_FAULT(v, e, false)
#define EXPECT_NEW_FAULT(v, e) EXPECT_FAULT(v, e, true)

TEST_F(task, jmp_saves_the_old_and_loads_the_new)
{
	struct posada_segments *s = &self->state.segments;

	EXPECT_DONE();
	EXPECT_EQ(0x5007, get(self, OLD_TSS + T_EIP));
	EXPECT_EQ(0x246, get(self, OLD_TSS + T_FLAGS));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0x1000 + i, get(self, OLD_TSS + T_GPR + 4 * i));
	EXPECT_EQ(CODE, get(self, OLD_TSS + T_SEG + 4 * SEG_CS));
	EXPECT_EQ(DATA, get(self, OLD_TSS + T_SEG + 4 * SEG_GS));
	EXPECT_EQ(0, get(self, OLD_TSS + T_LDT));
	EXPECT_EQ(0, get(self, OLD_TSS + T_CR3));
	EXPECT_EQ(0, access_of(self, OLD) & BUSY);
	EXPECT_EQ(BUSY, access_of(self, NEW) & BUSY);

	EXPECT_EQ(0x6000, self->state.regs.rip);
	EXPECT_EQ(0x202, self->state.regs.rflags);
	EXPECT_EQ(0x2003, self->state.regs.gpr[3]);
	EXPECT_EQ(STACK, self->state.regs.gpr[POSADA_RSP]);
	EXPECT_EQ(0xc09b, s->cs.access);
	EXPECT_EQ(0xffffffff, s->cs.limit);
	EXPECT_EQ(0xc093, s->gs.access);
	EXPECT_EQ(NEW, s->tr.selector);
	EXPECT_EQ(NEW_TSS, s->tr.base);
	EXPECT_EQ(0x67, s->tr.limit);
	EXPECT_EQ(0x8b, s->tr.access);
	EXPECT_EQ(POSADA_SEGMENT_UNUSABLE, s->ldtr.access);
	EXPECT_EQ(0x19, self->state.control.cr0);	/* TS */
	EXPECT_EQ(0, self->state.control.cr3);		/* no paging: as it was */
	EXPECT_EQ(0x6aa, self->state.debug.dr7);
	EXPECT_EQ(0x9b, access_of(self, CODE));		/* accessed */
	EXPECT_EQ(0x93, access_of(self, DATA));
}

TEST_F(task, call_nests)
{
	self->run.task.source = POSADA_TASK_CALL;
	EXPECT_DONE();
	EXPECT_EQ(BUSY, access_of(self, OLD) & BUSY);
	EXPECT_EQ(BUSY, access_of(self, NEW) & BUSY);
	EXPECT_EQ(OLD, get16(self, NEW_TSS));
	EXPECT_EQ(0x202 | NT, self->state.regs.rflags);
	EXPECT_EQ(0x5007, get(self, OLD_TSS + T_EIP));
}

TEST_F(task, iret_goes_back)
{
	self->run.task.source = POSADA_TASK_IRET;
	self->run.insn_len = 1;
	self->state.regs.rflags |= NT;
	self->state.events.shadow = POSADA_SHADOW_NMI;
	descriptor(self, NEW, NEW_TSS, 0x67, 0x8b);
	EXPECT_DONE();
	EXPECT_EQ(0, access_of(self, OLD) & BUSY);
	EXPECT_EQ(BUSY, access_of(self, NEW) & BUSY);
	EXPECT_EQ(0x246, get(self, OLD_TSS + T_FLAGS));		/* without NT */
	EXPECT_EQ(0x5001, get(self, OLD_TSS + T_EIP));
	EXPECT_EQ(0x202, self->state.regs.rflags);
	EXPECT_EQ(0, self->state.events.shadow);
	EXPECT_EQ(0, get16(self, NEW_TSS));
}

TEST_F(task, an_interrupt_through_a_gate_nests)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(0, 0x41);
	self->run.insn_len = 0;
	EXPECT_DONE();
	EXPECT_EQ(0x5000, get(self, OLD_TSS + T_EIP));
	EXPECT_EQ(OLD, get16(self, NEW_TSS));
	EXPECT_EQ(0x202 | NT, self->state.regs.rflags);
	EXPECT_EQ(STACK, self->state.regs.gpr[POSADA_RSP]);
	EXPECT_EQ(0, self->state.events.event);
}

TEST_F(task, an_nmi_through_a_gate_blocks_nmis)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(2, 2);
	self->run.insn_len = 0;
	EXPECT_DONE();
	EXPECT_EQ(POSADA_SHADOW_NMI, self->state.events.shadow);
}

TEST_F(task, shadows_and_pending_traps_end)
{
	self->state.events.shadow = POSADA_SHADOW_MOV_SS;
	self->state.events.pending_debug = 0x4000;
	EXPECT_DONE();
	EXPECT_EQ(0, self->state.events.shadow);
	EXPECT_EQ(0, self->state.events.pending_debug);
}

TEST_F(task, an_error_code_is_pushed_on_the_new_stack)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(3, 8) | WITH_ERROR;
	self->run.task.event_error = 0x1234;
	self->run.insn_len = 0;
	word(self, STACK - 4, ~0U);
	EXPECT_DONE();
	EXPECT_EQ(STACK - 4, self->state.regs.gpr[POSADA_RSP]);
	EXPECT_EQ(0x1234, get(self, STACK - 4));
}

TEST_F(task, an_error_code_without_room_is_a_stack_fault)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(3, 14) | WITH_ERROR;
	self->run.insn_len = 0;
	descriptor(self, OTHER, 0, 0xfff, 0x4092);
	segment(self, SEG_SS, OTHER);
	EXPECT_NEW_FAULT(SS, 1);
	/* and meets the page fault */
	EXPECT_EQ(EVENT(3, 14) | WITH_ERROR, self->state.events.event);
}

/* ---- 16-bit TSS: figure 8-10 ---- */

static void half(SELF, uint32_t at, uint16_t value)
{
	memcpy(self->bytes + at, &value, 2);
}

static void new_task_16(SELF)
{
	memset(self->bytes + NEW_TSS, 0, 0x68);
	descriptor(self, NEW, NEW_TSS, 0x2b, 0x81);
	half(self, NEW_TSS + 14, 0x6000);
	half(self, NEW_TSS + 16, 0x202);
	for (int i = 0; i < 8; i++)
		half(self, NEW_TSS + 18 + 2 * i, 0x300 + i);
	half(self, NEW_TSS + 18 + 2 * POSADA_RSP, STACK);
	for (int i = 0; i < 4; i++)
		half(self, NEW_TSS + 34 + 2 * i, i == SEG_CS ? CODE : DATA);
}

TEST_F(task, to_a_16_bit_tss)
{
	new_task_16(self);
	self->state.control.cr0 |= 0x80000000;
	self->state.control.cr3 = PD;
	self->state.control.cr4 = 0x10;
	word(self, PD, 0x83);
	EXPECT_DONE();
	EXPECT_EQ(0x6000, self->state.regs.rip);
	EXPECT_EQ(0x307, self->state.regs.gpr[7]);
	EXPECT_EQ(0x83, self->state.segments.tr.access);
	EXPECT_EQ(PD, self->state.control.cr3);		/* it has none */
	EXPECT_EQ(0, self->state.segments.fs.selector);
	EXPECT_EQ(POSADA_SEGMENT_UNUSABLE, self->state.segments.fs.access);
	EXPECT_EQ(0xc093, self->state.segments.ds.access);
}

TEST_F(task, from_a_16_bit_tss)
{
	self->state.segments.tr.access = 0x83;
	self->state.segments.tr.limit = 0x2b;
	descriptor(self, OLD, OLD_TSS, 0x2b, 0x83);
	word(self, OLD_TSS + 42, 0x55555555);
	EXPECT_DONE();
	EXPECT_EQ(0x5007, get16(self, OLD_TSS + 14));
	EXPECT_EQ(0x246, get16(self, OLD_TSS + 16));
	EXPECT_EQ(0x1007, get16(self, OLD_TSS + 18 + 14));
	EXPECT_EQ(DATA, get16(self, OLD_TSS + 40));
	EXPECT_EQ(0x55555555, get(self, OLD_TSS + 42));	/* LDT is not saved */
}

TEST_F(task, a_16_bit_task_gets_16_bits_of_error_code)
{
	new_task_16(self);
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(3, 13) | WITH_ERROR;
	self->run.task.event_error = 0x18;
	self->run.insn_len = 0;
	word(self, STACK - 4, 0x77777777);
	EXPECT_DONE();
	EXPECT_EQ(STACK - 2, self->state.regs.gpr[POSADA_RSP]);
	EXPECT_EQ(0x187777, get(self, STACK - 4));
}

/* ---- faults of the old task: nothing has happened ---- */

#define EXPECT_NOTHING_HAPPENED() do {						\
	EXPECT_EQ(0, get(self, OLD_TSS + T_EIP));				\
	EXPECT_EQ(BUSY, access_of(self, OLD) & BUSY);				\
	EXPECT_EQ(OLD, self->state.segments.tr.selector);			\
} while (0)

TEST_F(task, a_selector_beyond_the_gdt)
{
	self->run.task.selector = GDT_LIMIT + 1;
	descriptor(self, GDT_LIMIT + 1, NEW_TSS, 0x67, 0x89);
	EXPECT_OLD_FAULT(GP, GDT_LIMIT + 1);
	EXPECT_NOTHING_HAPPENED();
}

TEST_F(task, a_selector_in_the_ldt)
{
	self->run.task.selector = NEW | 4;
	EXPECT_OLD_FAULT(GP, NEW | 4);
}

TEST_F(task, a_busy_tss)
{
	descriptor(self, NEW, NEW_TSS, 0x67, 0x8b);
	EXPECT_OLD_FAULT(GP, NEW);
	EXPECT_NOTHING_HAPPENED();
}

TEST_F(task, an_iret_to_a_tss_that_is_not_busy)
{
	self->run.task.source = POSADA_TASK_IRET;
	self->state.events.shadow = POSADA_SHADOW_NMI;
	EXPECT_OLD_FAULT(TS, NEW);
	EXPECT_NOTHING_HAPPENED();
	EXPECT_EQ(0, self->state.events.shadow);	/* even so (SDM 3C 26.3) */
}

TEST_F(task, something_that_is_no_tss)
{
	self->run.task.selector = DATA;
	EXPECT_OLD_FAULT(GP, DATA);
}

TEST_F(task, a_tss_that_is_not_present)
{
	descriptor(self, NEW, NEW_TSS, 0x67, 0x09);
	EXPECT_OLD_FAULT(NP, NEW);
	EXPECT_NOTHING_HAPPENED();
}

TEST_F(task, a_tss_that_is_too_short)
{
	descriptor(self, NEW, NEW_TSS, 0x66, 0x89);
	EXPECT_OLD_FAULT(TS, NEW);
	descriptor(self, NEW, NEW_TSS, 0x2a, 0x81);
	EXPECT_OLD_FAULT(TS, NEW);
	EXPECT_NOTHING_HAPPENED();
}

TEST_F(task, an_old_tss_that_is_too_short)
{
	self->state.segments.tr.limit = 0x5e;
	EXPECT_OLD_FAULT(TS, OLD);
}

/* EXT: the event was no instruction's. And the event is there to be combined with. */
TEST_F(task, a_fault_that_meets_an_exception)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(3, 13) | WITH_ERROR;
	self->run.task.event_error = 0x50;
	self->run.insn_len = 0;
	descriptor(self, NEW, NEW_TSS, 0x66, 0x89);
	EXPECT_OLD_FAULT(TS, NEW | 1);
	EXPECT_EQ(EVENT(3, 13) | WITH_ERROR, self->state.events.event);
	EXPECT_EQ(0x50, self->state.events.event_error);
}

TEST_F(task, a_fault_that_meets_an_interrupt)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(0, 0x41);
	self->run.insn_len = 0;
	descriptor(self, NEW, NEW_TSS, 0x67, 0x09);
	EXPECT_OLD_FAULT(NP, NEW | 1);
	EXPECT_EQ(EVENT(0, 0x41), self->state.events.event);
}

TEST_F(task, a_fault_of_int_n_has_no_ext_and_nothing_to_meet)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(4, 0x41);
	self->run.insn_len = 2;
	descriptor(self, NEW, NEW_TSS, 0x67, 0x09);
	EXPECT_OLD_FAULT(NP, NEW);
	EXPECT_EQ(0, self->state.events.event);
}

/* In the new task an interrupt has been taken; it does not come again. */
TEST_F(task, an_interrupt_whose_task_faults_is_gone)
{
	self->run.task.source = POSADA_TASK_GATE;
	self->run.task.event = EVENT(0, 0x41);
	self->run.insn_len = 0;
	segment(self, SEG_DS, OTHER);
	EXPECT_NEW_FAULT(TS, OTHER | 1);
	EXPECT_EQ(0, self->state.events.event);
}

TEST_F(task, a_table_where_no_memory_is)
{
	self->state.segments.gdtr.base = 0x10000000;
	EXPECT_EQ(TASK_NO_MEMORY, switch_task(self));
	EXPECT_EQ(0x10000000 + NEW, self->result.gpa);
}

/* ---- paging ---- */

static void paging(SELF)
{
	self->state.control.cr0 |= 0x80010000;	/* PG, WP */
	self->state.control.cr3 = PD;
	word(self, PD, 0xb000 | 7);
	for (int i = 0; i < RAM / 0x1000; i++)
		word(self, 0xb000 + 4 * i, i << 12 | 7);
	word(self, NEW_TSS + T_CR3, 0xc000);
	word(self, 0xc000, 0xb000 | 7);
}

TEST_F(task, cr3_is_loaded_with_paging)
{
	paging(self);
	EXPECT_DONE();
	EXPECT_EQ(0xc000, self->state.control.cr3);
	EXPECT_EQ(0x60, get(self, 0xb000 + 4 * 2) & 0x60);	/* accessed, dirty: the old TSS */
}

TEST_F(task, a_new_tss_that_is_not_paged_in)
{
	paging(self);
	word(self, 0xb000 + 4 * 3, 0);
	EXPECT_OLD_FAULT(PF, 0);
	EXPECT_EQ(NEW_TSS, self->result.exception.payload);
	EXPECT_NOTHING_HAPPENED();
}

TEST_F(task, an_old_tss_that_cannot_be_written)
{
	paging(self);
	word(self, 0xb000 + 4 * 2, OLD_TSS | 5);
	EXPECT_OLD_FAULT(PF, 3);
	EXPECT_NOTHING_HAPPENED();
}

/* The busy bit of the old task is in another page of the GDT than that of the new one. */
TEST_F(task, an_old_descriptor_that_cannot_be_written)
{
	const uint32_t old = 0x1ff8;

	paging(self);
	self->state.segments.gdtr.base = 0xe000;
	self->state.segments.gdtr.limit = 0x1fff;
	memcpy(self->bytes + 0xe000, self->bytes + GDT, GDT_LIMIT + 1);
	memcpy(self->bytes + 0xe000 + old, self->bytes + GDT + OLD, 8);
	self->state.segments.tr.selector = old;
	word(self, 0xb000 + 4 * 0xf, 0xf000 | 5);
	EXPECT_OLD_FAULT(PF, 3);
	EXPECT_EQ(0xe000 + old, self->result.exception.payload);
	EXPECT_EQ(0, get(self, OLD_TSS + T_EIP));
	EXPECT_EQ(0, access_of(self, NEW) & BUSY);
}

TEST_F(task, a_tss_across_two_pages)
{
	paging(self);
	memcpy(self->bytes + 0x5fd0, self->bytes + NEW_TSS, 0x30);
	memcpy(self->bytes + 0x7000, self->bytes + NEW_TSS + 0x30, 0x38);
	word(self, 0xb000 + 4 * 6, 0x7000 | 7);
	descriptor(self, NEW, 0x5fd0, 0x67, 0x89);
	EXPECT_DONE();
	EXPECT_EQ(0x2007, self->state.regs.gpr[7]);
	word(self, 0xb000 + 4 * 6, 0);
}

TEST_F(task, a_gdt_of_the_new_task_that_is_not_there)
{
	paging(self);
	word(self, 0xc000, 0);
	EXPECT_NEW_FAULT(PF, 0);
	EXPECT_EQ(GDT + CODE, self->result.exception.payload);
}

static void pae(SELF, uint64_t pdpte)
{
	uint64_t old = 0xd000 | 1, pde = 0x83;

	self->state.control.cr0 |= 0x80010000;
	self->state.control.cr4 = 0x20;
	self->state.control.cr3 = PDPT;
	memcpy(self->bytes + PDPT, &old, 8);
	memcpy(self->bytes + 0xd000, &pde, 8);
	memcpy(self->bytes + PDPT + 0x40, &pdpte, 8);
	word(self, NEW_TSS + T_CR3, PDPT + 0x40);
}

TEST_F(task, pdptes_come_with_cr3)
{
	pae(self, 0xd000 | 1);
	EXPECT_DONE();
	EXPECT_EQ(PDPT + 0x40, self->state.control.cr3);
	EXPECT_EQ(0xd001, self->state.control.pdpte[0]);
	EXPECT_EQ(0, self->state.control.pdpte[1]);
}

TEST_F(task, a_bad_pdpte)
{
	pae(self, 0xd000 | 3);
	EXPECT_OLD_FAULT(GP, 0);
	EXPECT_NOTHING_HAPPENED();
	EXPECT_EQ(PDPT, self->state.control.cr3);
}

/* ---- faults of the new task: table 8-1 ---- */

static const struct {
	const char *what;
	int segment;			/* of the new TSS; -1 its LDT */
	uint16_t selector;
	uint16_t access;		/* of the descriptor; 0: as it is */
	uint8_t vector;
} bad[] = {
	{ "LDT in the LDT", -1, LDT_SEL | 4, 0, TS },
	{ "LDT beyond the GDT", -1, 0x48, 0, TS },
	{ "LDT of another type", -1, DATA, 0, TS },
	{ "LDT not present", -1, OTHER, 0x02, TS },
	{ "CS null", SEG_CS, 0, 0, TS },
	{ "CS beyond the GDT", SEG_CS, 0x48, 0, TS },
	{ "CS in an LDT that is not there", SEG_CS, 0xc, 0, TS },
	{ "CS data", SEG_CS, DATA, 0, TS },
	{ "CS a gate", SEG_CS, OTHER, 0x8c, TS },
	{ "CS DPL 3, RPL 0", SEG_CS, CODE3 & ~3, 0, TS },
	{ "CS DPL 0, RPL 3", SEG_CS, CODE | 3, 0, TS },
	{ "CS conforming, DPL 3, RPL 0", SEG_CS, OTHER, 0xc0fe, TS },
	{ "CS not present", SEG_CS, OTHER, 0xc01a, NP },
	{ "SS null", SEG_SS, 0, 0, TS },
	{ "SS beyond the GDT", SEG_SS, 0x48, 0, TS },
	{ "SS code", SEG_SS, CODE, 0, TS },
	{ "SS read-only", SEG_SS, OTHER, 0xc090, TS },
	{ "SS DPL 3", SEG_SS, DATA3 & ~3, 0, TS },
	{ "SS RPL 3", SEG_SS, DATA | 3, 0, TS },
	{ "SS not present", SEG_SS, OTHER, 0xc012, SS },
	{ "DS beyond the GDT", SEG_DS, 0x48, 0, TS },
	{ "DS a TSS", SEG_DS, NEW, 0, TS },
	{ "ES execute-only code", SEG_ES, OTHER, 0xc098, TS },
	{ "FS RPL above DPL", SEG_FS, DATA | 3, 0, TS },
	{ "GS not present", SEG_GS, OTHER, 0xc012, NP },
};

static uint32_t fitting(int segment)
{
	return segment < 0 ? 0x82 : segment == SEG_CS ? 0xc09a : 0xc092;
}

TEST_F(task, segments_that_cannot_be_loaded)
{
	struct posada_state before = self->state;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		self->state = before;
		memset(self->bytes, 0, RAM);
		descriptor(self, CODE, 0, 0xfffff, 0xc09a);
		descriptor(self, DATA, 0, 0xfffff, 0xc092);
		descriptor(self, OLD, OLD_TSS, 0x67, 0x8b);
		descriptor(self, NEW, NEW_TSS, 0x67, 0x89);
		descriptor(self, LDT_SEL, LDT, 0xff, 0x82);
		descriptor(self, CODE3, 0, 0xfffff, 0xc0fa);
		descriptor(self, DATA3, 0, 0xfffff, 0xc0f2);
		new_task(self);
		/* what is not to be looked at would do */
		descriptor(self, 0x48, 0, 0xfffff, fitting(bad[i].segment));
		descriptor(self, 0, 0, 0xfffff, fitting(bad[i].segment));
		if (bad[i].access)
			descriptor(self, OTHER, 0, 0xfffff, bad[i].access);
		if (bad[i].segment < 0)
			word(self, NEW_TSS + T_LDT, bad[i].selector);
		else
			segment(self, bad[i].segment, bad[i].selector);
		EXPECT_NEW_FAULT(bad[i].vector, bad[i].selector & ~3);
		EXPECT_TRUE(self->result.switched) {
			TH_LOG("%s", bad[i].what);
		}
		/* the switch is done but for that: TR, saved state, a CPL */
		EXPECT_EQ(NEW, self->state.segments.tr.selector);
		EXPECT_EQ(0x5007, get(self, OLD_TSS + T_EIP));
		EXPECT_EQ(bad[i].segment == -1 || bad[i].segment == SEG_CS ||
			  bad[i].segment == SEG_SS ? 3 : 0,
			  self->state.segments.ss.access >> 5 & 3);
	}
}

TEST_F(task, conforming_code_and_readable_code_as_data)
{
	descriptor(self, OTHER, 0, 0xfffff, 0xc09e);
	segment(self, SEG_CS, OTHER);
	segment(self, SEG_DS, OTHER | 3);
	segment(self, SEG_ES, CODE);
	EXPECT_DONE();
	EXPECT_EQ(0xc09f, self->state.segments.cs.access);
	EXPECT_EQ(0xc09f, self->state.segments.ds.access);
}

TEST_F(task, to_ring_3_with_an_ldt)
{
	word(self, NEW_TSS + T_LDT, LDT_SEL);
	descriptor(self, 0x4, 0, 0xfffff, 0xc0f2);
	segment(self, SEG_CS, CODE3);
	segment(self, SEG_SS, DATA3);
	segment(self, SEG_DS, 0x7);
	segment(self, SEG_ES, 0);
	segment(self, SEG_FS, 0x3);
	segment(self, SEG_GS, DATA3);
	EXPECT_DONE();
	EXPECT_EQ(LDT, self->state.segments.ldtr.base);
	EXPECT_EQ(0x82, self->state.segments.ldtr.access);
	EXPECT_EQ(0xc0fb, self->state.segments.cs.access);
	EXPECT_EQ(0xc0f3, self->state.segments.ds.access);
	EXPECT_EQ(POSADA_SEGMENT_UNUSABLE, self->state.segments.fs.access);
}

TEST_F(task, to_virtual_8086_mode)
{
	word(self, NEW_TSS + T_FLAGS, 0x202 | VM86);
	for (int i = 0; i < 6; i++)
		segment(self, i, 0x1000 + i);
	EXPECT_DONE();
	EXPECT_EQ(0x202 | VM86, self->state.regs.rflags);
	EXPECT_EQ(0x10010, self->state.segments.cs.base);
	EXPECT_EQ(0xffff, self->state.segments.cs.limit);
	EXPECT_EQ(0xf3, self->state.segments.cs.access);
	EXPECT_EQ(0x10050, self->state.segments.gs.base);
}

TEST_F(task, the_t_bit_is_a_debug_trap)
{
	self->bytes[NEW_TSS + T_TRAP] = 1;
	EXPECT_EQ(TASK_EXCEPTION, switch_task(self));
	EXPECT_EQ(1, self->result.exception.vector);
	EXPECT_EQ(0, self->result.exception.flags);
	EXPECT_EQ(BT, self->state.debug.dr6 & BT);
	EXPECT_EQ(0x6000, self->state.regs.rip);
}

TEST_F(task, to_itself_through_an_iret)
{
	self->run.task.source = POSADA_TASK_IRET;
	self->run.task.selector = OLD;
	self->run.insn_len = 1;
	/* busy was cleared for the old task and stays so: it is the same descriptor */
	EXPECT_DONE();
	EXPECT_EQ(0x5001, self->state.regs.rip);
	EXPECT_EQ(0x1003, self->state.regs.gpr[3]);
}

TEST_HARNESS_MAIN
