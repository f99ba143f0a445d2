// SPDX-License-Identifier: GPL-2.0
/* Hardware task switches. */
#include "task_switch.h"

#include <stddef.h>
#include <string.h>

#include "walk.h"

#define VECTOR_DB      1
#define VECTOR_TS      10
#define VECTOR_NP      11
#define VECTOR_SS      12
#define VECTOR_GP      13
#define VECTOR_PF      14

#define RFLAGS_FIXED   (1ULL << 1)
#define RFLAGS_NT      (1ULL << 14)
#define RFLAGS_VM      (1ULL << 17)
#define RFLAGS_VALID   0x3f7fd7ULL /* SDM 1 3.4.3 */
#define CR0_TS	       (1ULL << 3)
#define CR0_PG	       (1ULL << 31)
#define CR4_PAE	       (1ULL << 5)
#define DR6_BT	       (1ULL << 15)
#define DR7_LOCAL      0x155ULL /* L0 to L3, LE */
#define DR7_GD	       (1ULL << 13)

/* Interruption information (SDM 3C 25.9.2) */
#define EVENT_VALID    (1U << 31)
#define EVENT_ERROR    (1U << 11)
#define EVENT_TYPE(e)  ((e) >> 8 & 7)
#define TYPE_INTERRUPT 0
#define TYPE_NMI       2
#define TYPE_EXCEPTION 3

/* Access rights as in the VMCS (SDM 3C table 25-2) */
#define ACCESS_TYPE    0xfU
#define ACCESS_A       0x1U /* accessed */
#define ACCESS_W       0x2U /* data: writable; code: readable; TSS: busy */
#define ACCESS_DOWN    0x4U /* data: expand-down; code: conforming */
#define ACCESS_CODE    0x8U
#define ACCESS_S       0x10U
#define ACCESS_DPL(a)  ((a) >> 5 & 3)
#define ACCESS_P       0x80U
#define ACCESS_B       0x4000U /* D/B: 32 bits */
#define ACCESS_VM86    0xf3U
/* Stand-ins for a CS and SS that could not be loaded, of ring 3: conforming code, so that
 * whatever the RPL of its selector, a CPU enters.
 */
#define ACCESS_NO_CS   0xc09fU
#define ACCESS_NO_SS   (POSADA_SEGMENT_UNUSABLE | 0x60U)

#define TYPE_LDT       2
#define TYPE_TSS16     1
#define TYPE_TSS32     9
#define TSS_BUSY       2U

#define SELECTOR_TI    4U
#define SELECTOR_RPL   3U

/* SDM 3A figure 8-2 */
struct tss32 {
	uint16_t link, reserved0;
	uint32_t stacks[6];
	uint32_t cr3;
	/* from here to the end of gs: what a switch saves */
	uint32_t eip;
	uint32_t eflags;
	uint32_t gpr[8];
	uint32_t segment[6]; /* ES, CS, SS, DS, FS, GS */
	uint32_t ldt;
	uint16_t trap;
	uint16_t io_map;
};

/* SDM 3A figure 8-10 */
struct tss16 {
	uint16_t link;
	uint16_t stacks[6];
	uint16_t ip;
	uint16_t flags;
	uint16_t gpr[8];
	uint16_t segment[4]; /* ES, CS, SS, DS */
	uint16_t ldt;
};

_Static_assert(offsetof(struct tss32, eip) == 0x20 && offsetof(struct tss32, ldt) == 0x60, "TSS");
_Static_assert(sizeof(struct tss32) == 0x68, "TSS");
_Static_assert(offsetof(struct tss16, ip) == 0x0e && sizeof(struct tss16) == 0x2c, "TSS");

/* What a TSS says of a task, whatever its format. */
struct task {
	uint32_t cr3;
	uint32_t eip;
	uint32_t eflags;
	uint32_t gpr[8];
	uint16_t selector[6]; /* ES, CS, SS, DS, FS, GS, in the order of posada_segments */
	uint16_t ldt;
	bool trap;
};

enum {
	ES,
	CS,
	SS,
	DS,
	FS,
	GS
};

/**
 * struct job - a switch that is under way
 * @run: the exit
 * @ram: guest memory
 * @state: of the old task, then of the new one
 * @result: out
 * @walk: what translation depends on
 * @tables: how to read page tables
 * @ext: 1 if something other than an instruction caused the switch: EXT of an error code
 */
struct job {
	const struct posada_run *run;
	const struct guest_memory *ram;
	struct posada_state *state;
	struct task_result *result;
	struct walk_cpu walk;
	struct walk_memory tables;
	uint32_t ext;
};

/* Every step answers whether to go on.  If not, @result tells why. */
#define NO_MEMORY 0xffU /* in place of a vector */

static bool raise_error(struct job *job, uint32_t vector, uint32_t error)
{
	job->result->exception = (struct posada_interrupt){
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = vector,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
		.error_code = error,
	};
	return false;
}

static bool raise_selector(struct job *job, uint32_t vector, uint32_t selector)
{
	return raise_error(job, vector, (selector & ~SELECTOR_RPL & 0xffff) | job->ext);
}

static bool no_memory(struct job *job, uint64_t gpa)
{
	job->result->exception.vector = NO_MEMORY;
	job->result->gpa = gpa;
	return false;
}

/* ---- guest memory ----------------------------------------------------------------- */

static unsigned int in_page(uint32_t linear, unsigned int len)
{
	unsigned int left = 4096 - (linear & 4095);

	return len < left ? len : left;
}

static bool translate(struct job *job, uint32_t linear, uint32_t access, uint64_t *gpa)
{
	struct walk_result result;

	switch (walk(&job->walk, &job->tables, linear, access, &result)) {
	case WALK_OK:
		*gpa = result.gpa;
		return true;
	case WALK_FAULT:
		raise_error(job, VECTOR_PF, result.error_code);
		job->result->exception.payload = linear;
		return false;
	default:
		return no_memory(job, result.table_gpa);
	}
}

static bool read_linear(struct job *job, uint32_t linear, void *to, unsigned int len)
{
	uint8_t *out = to;

	while (len) {
		unsigned int here = in_page(linear, len);
		uint64_t gpa;

		if (!translate(job, linear, WALK_READ, &gpa))
			return false;
		if (guest_memory_read(job->ram, gpa, out, here))
			return no_memory(job, gpa);
		linear += here;
		out += here;
		len -= here;
	}
	return true;
}

/* Would a write succeed? */
static bool can_write(struct job *job, uint32_t linear, unsigned int len)
{
	while (len) {
		unsigned int here = in_page(linear, len);
		uint64_t gpa;

		if (!translate(job, linear, WALK_WRITE, &gpa))
			return false;
		if (!guest_memory_contains(job->ram, gpa, here))
			return no_memory(job, gpa);
		linear += here;
		len -= here;
	}
	return true;
}

static bool write_linear(struct job *job, uint32_t linear, const void *from, unsigned int len)
{
	const uint8_t *in = from;

	if (!can_write(job, linear, len))
		return false;
	while (len) {
		unsigned int here = in_page(linear, len);
		uint64_t gpa;

		if (!translate(job, linear, WALK_WRITE, &gpa))
			return false;
		if (guest_memory_write(job->ram, gpa, in, here))
			return no_memory(job, gpa);
		linear += here;
		in += here;
		len -= here;
	}
	return true;
}

/* ---- descriptors --------------------------------------------------------------------- */

static struct posada_segment unpack(uint16_t selector, const uint32_t d[2])
{
	struct posada_segment s = {
		.base = d[0] >> 16 | (d[1] & 0xff) << 16 | (d[1] & 0xff000000),
		.limit = (d[0] & 0xffff) | (d[1] & 0xf0000),
		.access = d[1] >> 8 & 0xf0ff,
		.selector = selector,
	};

	if (s.access & 0x8000) /* G */
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

/* Linear address of a descriptor; false if the table does not reach as far. */
static bool descriptor_at(const struct posada_segments *s, uint16_t selector, uint32_t *linear)
{
	uint32_t offset = selector & ~(SELECTOR_TI | SELECTOR_RPL);
	bool local = selector & SELECTOR_TI;

	if (local && s->ldtr.access & POSADA_SEGMENT_UNUSABLE)
		return false;
	if (offset + 7 > (local ? s->ldtr.limit : s->gdtr.limit))
		return false;
	*linear = (local ? s->ldtr.base : s->gdtr.base) + offset;
	return true;
}

static bool is_null(uint16_t selector)
{
	return !(selector & ~SELECTOR_RPL);
}

/* The type, busy or not, of a TSS descriptor; 16-bit and 32-bit differ by 8. */
static bool is_tss(const struct posada_segment *s, bool busy)
{
	uint32_t type = s->access & (ACCESS_TYPE | ACCESS_S);

	return (type & ~8U) == (busy ? TYPE_TSS16 | TSS_BUSY : TYPE_TSS16);
}

static bool is_32(const struct posada_segment *tss)
{
	return tss->access & 8;
}

static uint32_t tss_size(const struct posada_segment *tss)
{
	return is_32(tss) ? sizeof(struct tss32) : sizeof(struct tss16);
}

/*
 * SDM 3A 8.3, steps 1 to 4.  The CPU has looked before it exited, but another vCPU may
 * have been here since.
 */
static bool find_new_tss(struct job *job, struct posada_segment *tss, uint32_t *linear)
{
	uint16_t selector = job->run->task.selector;
	bool back = job->run->task.source == POSADA_TASK_IRET;
	uint32_t wrong = back ? VECTOR_TS : VECTOR_GP;
	uint32_t d[2];

	if (is_null(selector) || selector & SELECTOR_TI ||
	    !descriptor_at(&job->state->segments, selector, linear))
		return raise_selector(job, wrong, selector);
	if (!read_linear(job, *linear, d, sizeof(d)))
		return false;
	*tss = unpack(selector, d);
	if (!is_tss(tss, back))
		return raise_selector(job, wrong, selector);
	if (!(tss->access & ACCESS_P))
		return raise_selector(job, VECTOR_NP, selector);
	if (tss->limit < tss_size(tss) - 1)
		return raise_selector(job, VECTOR_TS, selector);
	return true;
}

/* Set or clear the busy bit of a TSS descriptor. */
static bool mark_busy(struct job *job, uint32_t linear, bool busy)
{
	uint8_t access;

	if (!read_linear(job, linear + 5, &access, 1))
		return false;
	access = busy ? access | TSS_BUSY : access & ~TSS_BUSY;
	return write_linear(job, linear + 5, &access, 1);
}

/* ---- the old task -------------------------------------------------------------------- */

static bool save32(struct job *job, uint32_t base, uint32_t eip, uint32_t eflags, bool really)
{
	const struct posada_segment *segment = &job->state->segments.es;
	const uint32_t at = offsetof(struct tss32, eip), end = offsetof(struct tss32, ldt);
	struct tss32 tss = { .eip = eip, .eflags = eflags };

	for (int i = 0; i < 8; i++)
		tss.gpr[i] = job->state->regs.gpr[i];
	for (int i = ES; i <= GS; i++)
		tss.segment[i] = segment[i].selector;
	return really ? write_linear(job, base + at, (uint8_t *)&tss + at, end - at) :
			can_write(job, base + at, end - at);
}

static bool save16(struct job *job, uint32_t base, uint32_t eip, uint32_t eflags, bool really)
{
	const struct posada_segment *segment = &job->state->segments.es;
	const uint32_t at = offsetof(struct tss16, ip), end = offsetof(struct tss16, ldt);
	struct tss16 tss = { .ip = eip, .flags = eflags };

	for (int i = 0; i < 8; i++)
		tss.gpr[i] = job->state->regs.gpr[i];
	for (int i = ES; i <= DS; i++)
		tss.segment[i] = segment[i].selector;
	return really ? write_linear(job, base + at, (uint8_t *)&tss + at, end - at) :
			can_write(job, base + at, end - at);
}

/* Into the old TSS, or just find out whether that would work. */
static bool save(struct job *job, bool really)
{
	const struct posada_segment *tr = &job->state->segments.tr;
	uint32_t eip = job->state->regs.rip + job->run->insn_len;
	uint32_t eflags = job->state->regs.rflags;
	uint32_t end = is_32(tr) ? offsetof(struct tss32, ldt) : offsetof(struct tss16, ldt);

	if (job->run->task.source == POSADA_TASK_IRET)
		eflags &= ~RFLAGS_NT;
	if (tr->limit < end - 1)
		return raise_selector(job, VECTOR_TS, tr->selector);
	return is_32(tr) ? save32(job, tr->base, eip, eflags, really) :
			   save16(job, tr->base, eip, eflags, really);
}

/* ---- the new task -------------------------------------------------------------------- */

static bool read_task(struct job *job, const struct posada_segment *tss, struct task *task)
{
	struct tss32 t32;
	struct tss16 t16;

	*task = (struct task){ 0 };
	if (is_32(tss)) {
		if (!read_linear(job, tss->base, &t32, sizeof(t32)))
			return false;
		task->cr3 = t32.cr3;
		task->eip = t32.eip;
		task->eflags = t32.eflags;
		memcpy(task->gpr, t32.gpr, sizeof(task->gpr));
		for (int i = ES; i <= GS; i++)
			task->selector[i] = t32.segment[i];
		task->ldt = t32.ldt;
		task->trap = t32.trap & 1;
		return true;
	}
	if (!read_linear(job, tss->base, &t16, sizeof(t16)))
		return false;
	task->cr3 = job->state->control.cr3;
	task->eip = t16.ip;
	task->eflags = t16.flags;
	for (int i = 0; i < 8; i++)
		task->gpr[i] = t16.gpr[i];
	for (int i = ES; i <= DS; i++)
		task->selector[i] = t16.segment[i];
	task->ldt = t16.ldt;
	return true;
}

/* The PDPTE registers of PAE paging come with CR3; a bad one is #GP (SDM 3A 4.4.1). */
static bool read_pdptes(struct job *job, uint32_t cr3, uint64_t pdpte[4])
{
	unsigned int bits = job->walk.gpa_bits ? job->walk.gpa_bits : 52;
	uint64_t reserved = 0x1e6 | (~0ULL << bits);
	uint64_t gpa = cr3 & ~31U;

	if (guest_memory_read(job->ram, gpa, pdpte, 32))
		return no_memory(job, gpa);
	for (int i = 0; i < 4; i++)
		if (pdpte[i] & 1 && pdpte[i] & reserved)
			return raise_error(job, VECTOR_GP, job->ext);
	return true;
}

static struct posada_segment unusable(uint16_t selector)
{
	return (struct posada_segment){ .selector = selector, .access = POSADA_SEGMENT_UNUSABLE };
}

/*
 * All that a TSS gives without a check.  Segments are but selectors until they are
 * loaded; a CPU in ring 3 with no stack stands in, so that a handler of a lower ring
 * finds one in the new TSS should loading fail.
 */
static void enter(struct job *job, const struct task *task, const struct posada_segment *tss,
		  const uint64_t pdpte[4])
{
	struct posada_state *state = job->state;
	struct posada_segment *segment = &state->segments.es;
	bool nested = job->run->task.source == POSADA_TASK_CALL ||
		      job->run->task.source == POSADA_TASK_GATE;

	for (int i = 0; i < 8; i++)
		state->regs.gpr[i] = task->gpr[i];
	state->regs.rip = task->eip;
	state->regs.rflags = (task->eflags & RFLAGS_VALID) | RFLAGS_FIXED;
	if (nested)
		state->regs.rflags |= RFLAGS_NT;

	for (int i = ES; i <= GS; i++)
		segment[i] = unusable(task->selector[i]);
	state->segments.cs.limit = 0xffffffff;
	state->segments.cs.access = ACCESS_NO_CS;
	state->segments.ss.access = ACCESS_NO_SS;
	state->segments.ldtr = unusable(task->ldt);
	state->segments.tr = *tss;
	state->segments.tr.access |= TSS_BUSY;

	if (state->control.cr0 & CR0_PG && is_32(tss)) {
		state->control.cr3 = task->cr3;
		memcpy(state->control.pdpte, pdpte, sizeof(state->control.pdpte));
	}
	state->control.cr0 |= CR0_TS;
	state->debug.dr7 &= ~DR7_LOCAL;
	state->events.pending_debug = 0;
	state->events.shadow &= POSADA_SHADOW_NMI;
	state->events.activity = POSADA_ACTIVE;
	if (EVENT_TYPE(job->run->task.event) == TYPE_NMI && job->run->task.event & EVENT_VALID)
		state->events.shadow |= POSADA_SHADOW_NMI;

	job->walk.cr0 = state->control.cr0;
	job->walk.cr3 = state->control.cr3;
	job->walk.rflags = state->regs.rflags;
	job->result->switched = true;
}

/* SDM 3A table 8-1: the checks of the new task, in its own context */

static bool read_segment(struct job *job, uint16_t selector, struct posada_segment *s,
			 uint32_t *linear)
{
	uint32_t d[2];

	if (!descriptor_at(&job->state->segments, selector, linear))
		return raise_selector(job, VECTOR_TS, selector);
	if (!read_linear(job, *linear, d, sizeof(d)))
		return false;
	*s = unpack(selector, d);
	return true;
}

/* The CPU notes in the descriptor that it was used. */
static bool mark_accessed(struct job *job, struct posada_segment *s, uint32_t linear)
{
	uint8_t access = s->access;

	if (access & ACCESS_A)
		return true;
	access |= ACCESS_A;
	s->access |= ACCESS_A;
	return write_linear(job, linear + 5, &access, 1);
}

static bool load_ldt(struct job *job, uint16_t selector)
{
	struct posada_segment ldt;
	uint32_t linear;

	if (is_null(selector))
		return true;
	if (selector & SELECTOR_TI)
		return raise_selector(job, VECTOR_TS, selector);
	if (!read_segment(job, selector, &ldt, &linear))
		return false;
	if ((ldt.access & (ACCESS_TYPE | ACCESS_S)) != TYPE_LDT || !(ldt.access & ACCESS_P))
		return raise_selector(job, VECTOR_TS, selector);
	job->state->segments.ldtr = ldt;
	return true;
}

static bool check_cs(struct job *job, uint16_t selector, struct posada_segment *cs)
{
	unsigned int rpl = selector & SELECTOR_RPL, dpl;
	uint32_t linear;

	if (is_null(selector))
		return raise_selector(job, VECTOR_TS, selector);
	if (!read_segment(job, selector, cs, &linear))
		return false;
	dpl = ACCESS_DPL(cs->access);
	if (!(cs->access & ACCESS_S) || !(cs->access & ACCESS_CODE))
		return raise_selector(job, VECTOR_TS, selector);
	if (cs->access & ACCESS_DOWN ? dpl > rpl : dpl != rpl)
		return raise_selector(job, VECTOR_TS, selector);
	if (!(cs->access & ACCESS_P))
		return raise_selector(job, VECTOR_NP, selector);
	return mark_accessed(job, cs, linear);
}

static bool check_ss(struct job *job, uint16_t selector, unsigned int cpl,
		     struct posada_segment *ss)
{
	uint32_t linear;

	if (is_null(selector))
		return raise_selector(job, VECTOR_TS, selector);
	if (!read_segment(job, selector, ss, &linear))
		return false;
	if ((ss->access & (ACCESS_S | ACCESS_CODE | ACCESS_W)) != (ACCESS_S | ACCESS_W))
		return raise_selector(job, VECTOR_TS, selector);
	if (ACCESS_DPL(ss->access) != cpl || (selector & SELECTOR_RPL) != cpl)
		return raise_selector(job, VECTOR_TS, selector);
	if (!(ss->access & ACCESS_P))
		return raise_selector(job, VECTOR_SS, selector);
	return mark_accessed(job, ss, linear);
}

static bool load_data(struct job *job, struct posada_segment *segment, unsigned int cpl)
{
	uint16_t selector = segment->selector;
	unsigned int rpl = selector & SELECTOR_RPL;
	struct posada_segment s;
	uint32_t linear;

	if (is_null(selector))
		return true;
	if (!read_segment(job, selector, &s, &linear))
		return false;
	if (!(s.access & ACCESS_S) || (s.access & (ACCESS_CODE | ACCESS_W)) == ACCESS_CODE)
		return raise_selector(job, VECTOR_TS, selector);
	if ((s.access & (ACCESS_CODE | ACCESS_DOWN)) != (ACCESS_CODE | ACCESS_DOWN) &&
	    ACCESS_DPL(s.access) < (cpl > rpl ? cpl : rpl))
		return raise_selector(job, VECTOR_TS, selector);
	if (!(s.access & ACCESS_P))
		return raise_selector(job, VECTOR_NP, selector);
	if (!mark_accessed(job, &s, linear))
		return false;
	*segment = s;
	return true;
}

static void load_vm86(struct posada_segment *segment)
{
	for (int i = ES; i <= GS; i++) {
		segment[i].base = (uint32_t)segment[i].selector << 4;
		segment[i].limit = 0xffff;
		segment[i].access = ACCESS_VM86;
	}
}

static bool load_segments(struct job *job, const struct task *task)
{
	struct posada_segment *segment = &job->state->segments.es;
	unsigned int cpl = task->selector[CS] & SELECTOR_RPL;
	struct posada_segment cs, ss;

	if (!load_ldt(job, task->ldt))
		return false;
	if (job->state->regs.rflags & RFLAGS_VM) {
		load_vm86(segment);
		return true;
	}
	/* Both or none: they have to agree on the ring. */
	if (!check_cs(job, task->selector[CS], &cs) || !check_ss(job, task->selector[SS], cpl, &ss))
		return false;
	segment[CS] = cs;
	segment[SS] = ss;
	return load_data(job, &segment[DS], cpl) && load_data(job, &segment[ES], cpl) &&
	       load_data(job, &segment[FS], cpl) && load_data(job, &segment[GS], cpl);
}

/* Is [offset, offset + len) within the stack segment? */
static bool in_stack(const struct posada_segment *ss, uint32_t offset, unsigned int len)
{
	uint64_t last = (uint64_t)offset + len - 1;

	if (ss->access & ACCESS_DOWN && !(ss->access & ACCESS_CODE))
		return offset > ss->limit && last <= (ss->access & ACCESS_B ? 0xffffffff : 0xffff);
	return last <= ss->limit;
}

/* The error code of an exception whose handler the new task is. */
static bool push_error(struct job *job, const struct posada_segment *tss)
{
	const struct posada_segment *ss = &job->state->segments.ss;
	uint32_t mask = ss->access & ACCESS_B ? 0xffffffff : 0xffff;
	__u64 *rsp = &job->state->regs.gpr[POSADA_RSP];
	unsigned int len = is_32(tss) ? 4 : 2;
	uint32_t offset = (*rsp - len) & mask;
	uint32_t error = job->run->task.event_error;

	if (!in_stack(ss, offset, len))
		return raise_error(job, VECTOR_SS, job->ext);
	if ((job->state->regs.rflags & RFLAGS_VM ||
	     (job->state->segments.cs.selector & SELECTOR_RPL) == 3)) {
		/* the push is the new task's own: page rights are those of its ring */
		uint64_t gpa;

		if (!translate(job, ss->base + offset, WALK_WRITE | WALK_USER, &gpa) ||
		    !translate(job, ss->base + offset + len - 1, WALK_WRITE | WALK_USER, &gpa))
			return false;
	}
	if (!write_linear(job, ss->base + offset, &error, len))
		return false;
	*rsp = (*rsp & ~(uint64_t)mask) | offset;
	return true;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* Up to where the old task is left.  A fault here is the old task's. */
static bool leave(struct job *job, struct task *task, struct posada_segment *tss, uint64_t pdpte[4])
{
	const struct posada_segments *s = &job->state->segments;
	uint32_t source = job->run->task.source;
	bool back = source == POSADA_TASK_IRET;
	bool nested = source == POSADA_TASK_CALL || source == POSADA_TASK_GATE;
	uint32_t old = s->gdtr.base + (s->tr.selector & ~(SELECTOR_TI | SELECTOR_RPL));
	uint16_t link = s->tr.selector;
	uint32_t new;

	if (!find_new_tss(job, tss, &new) || !save(job, false) || !read_task(job, tss, task))
		return false;
	/* Step 5: all that will be written is there. */
	if ((!nested && !can_write(job, old, 8)) || (!back && !can_write(job, new, 8)) ||
	    (nested && !can_write(job, tss->base, sizeof(link))))
		return false;
	if (job->state->control.cr0 & CR0_PG && is_32(tss) && job->state->control.cr4 & CR4_PAE &&
	    task->cr3 != job->state->control.cr3) {
		if (!read_pdptes(job, task->cr3, pdpte))
			return false;
	}

	/*
	 * Steps 6 to 11.  The old task is saved after the new one was read, and read again
	 * where both are one TSS.
	 */
	if (!save(job, true))
		return false;
	if (!nested && !mark_busy(job, old, false))
		return false;
	if (nested && !write_linear(job, tss->base, &link, sizeof(link)))
		return false;
	if (!back && !mark_busy(job, new, true))
		return false;
	return tss->base != s->tr.base || read_task(job, tss, task);
}

/* A new task.  A fault here is its own. */
static bool arrive(struct job *job, const struct task *task, const struct posada_segment *tss)
{
	if (!load_segments(job, task))
		return false;
	if (job->run->task.event & EVENT_ERROR && !push_error(job, tss))
		return false;
	if (!task->trap)
		return true;
	job->state->debug.dr6 |= DR6_BT;
	job->state->debug.dr7 &= ~DR7_GD;
	job->result->exception = (struct posada_interrupt){
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = VECTOR_DB,
	};
	return false;
}

/*
 * What the exception meets: the event that came through a task gate.  In the old task it
 * was not delivered, and an interrupt comes again; in the new one only an exception
 * still counts, for a double fault.
 */
static void put_back(struct job *job)
{
	uint32_t event = job->run->task.event;

	if (!(event & EVENT_VALID) || job->result->exception.vector == VECTOR_DB)
		return;
	switch (EVENT_TYPE(event)) {
	case TYPE_INTERRUPT:
	case TYPE_NMI:
		if (job->result->switched)
			return;
		break;
	case TYPE_EXCEPTION:
		break;
	default:
		return;
	}
	job->state->events.event = event;
	job->state->events.event_error = event & EVENT_ERROR ? job->run->task.event_error : 0;
	job->state->events.event_length = 0;
}

/* An event of the outside, or an exception: no instruction asked for the switch. */
static bool is_external(const struct posada_run *run)
{
	uint32_t event = run->task.event;

	return event & EVENT_VALID &&
	       (EVENT_TYPE(event) == TYPE_INTERRUPT || EVENT_TYPE(event) == TYPE_NMI ||
		EVENT_TYPE(event) == TYPE_EXCEPTION);
}

enum task_answer task_switch(const struct posada_run *run, const struct guest_memory *ram,
			     unsigned int gpa_bits, struct posada_state *state,
			     struct task_result *result)
{
	struct job job = {
		.run = run,
		.ram = ram,
		.state = state,
		.result = result,
		.walk = {
			.cr0 = state->control.cr0,
			.cr3 = state->control.cr3,
			.cr4 = state->control.cr4,
			.efer = state->control.efer,
			.rflags = state->regs.rflags,
			.gpa_bits = gpa_bits,
		},
		.tables = walk_ram(ram),
		.ext = is_external(run),
	};
	struct posada_segment tss;
	uint64_t pdpte[4];
	struct task task;

	*result = (struct task_result){ 0 };
	memcpy(pdpte, state->control.pdpte, sizeof(pdpte));
	/* An IRET ends the blocking of NMIs even if it faults (SDM 3C 26.3). */
	if (run->task.source == POSADA_TASK_IRET)
		state->events.shadow &= ~POSADA_SHADOW_NMI;
	if (leave(&job, &task, &tss, pdpte)) {
		enter(&job, &task, &tss, pdpte);
		if (arrive(&job, &task, &tss))
			return TASK_DONE;
	}
	if (result->exception.vector == NO_MEMORY)
		return TASK_NO_MEMORY;
	put_back(&job);
	return TASK_EXCEPTION;
}
