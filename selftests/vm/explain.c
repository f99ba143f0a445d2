// SPDX-License-Identifier: GPL-2.0
/* Is a failed entry explained by exactly the rules it breaks, and does the CPU agree? */
#include <stdlib.h>

#include "../../module/entry_rules.h"
#include "guest_fixture.h"

#define RULE_ID(name, stage, section, words) RULE_##name,
enum { ENTRY_RULES(RULE_ID) NR_RULES };

#define RULE_NAME(name, stage, section, words) #name,
static const char *const rule_names[] = { ENTRY_RULES(RULE_NAME) };

GUEST_CODE(runs,
"	mov $0x77, %eax\n"
"	hlt\n");

#define ALL (POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | \
	     POSADA_STATE_EVENTS)
#define EVENT(type, vector) (1U << 31 | (type) << 8 | (vector))

#define MAX_BROKEN	4
#define ROOM		32
#define ROOM_FIELDS	512

/* What a case does to the state, and which rules that breaks; the first is the least. */
struct spoil {
	const char *name;
	void (*boot)(struct vcpu *cpu);
	void (*spoil)(struct posada_state *state);
	unsigned int broken[MAX_BROKEN];
	unsigned int nr_broken;
	unsigned int error;		/* VM-instruction error */
};

static void rflags_vm(struct posada_state *s)
{
	s->regs.rflags |= 1 << 17;
	s->segments.cs.access = 0xf3;
}

static void cs_type(struct posada_state *s)
{
	s->segments.cs.access &= ~0xfU;
}

static void cs_d_and_l(struct posada_state *s)
{
	s->segments.cs.access |= 0x6000;
}

static void cs_dpl(struct posada_state *s)
{
	s->segments.cs.access |= 0x60;
}

static void ss_type(struct posada_state *s)
{
	s->segments.ss.access |= 0xf;
}

static void data_type(struct posada_state *s)
{
	s->segments.fs.access = (s->segments.fs.access & ~0xfU & ~0x10000U) | 0x9;
}

static void granularity(struct posada_state *s)
{
	s->segments.ds.limit = 0xffffe000;
}

static void not_present(struct posada_state *s)
{
	s->segments.es.access = 0xc013;
	s->segments.es.limit = 0xffffffff;
}

static void tr_selector(struct posada_state *s)
{
	s->segments.tr.selector |= 4;
}

static void ldtr_type(struct posada_state *s)
{
	s->segments.ldtr.access = 0x83;
	s->segments.ldtr.base = 0;
	s->segments.ldtr.limit = 0xfff;
	s->segments.ldtr.selector = 0;
}

static void rip_64(struct posada_state *s)
{
	s->regs.rip = 1ULL << 60;
}

static void rip_32(struct posada_state *s)
{
	s->regs.rip |= 1ULL << 32;
}

static void sti_without_if(struct posada_state *s)
{
	s->regs.rflags &= ~(uint64_t)RFLAGS_IF;
	s->events.shadow = POSADA_SHADOW_STI;
}

static void no_step_pending(struct posada_state *s)
{
	s->regs.rflags |= RFLAGS_TF;
	s->events.shadow = POSADA_SHADOW_MOV_SS;
}

static void event_without_error_code(struct posada_state *s)
{
	s->events.event = EVENT(3, 13);
}

static void interrupt_without_if(struct posada_state *s)
{
	s->regs.rflags &= ~(uint64_t)RFLAGS_IF;
	s->events.event = EVENT(0, 0x20);
}

static void pdpte(struct posada_state *s)
{
	s->control.pdpte[3] = 1 | 1 << 5;
}

static void three_at_once(struct posada_state *s)
{
	cs_d_and_l(s);
	tr_selector(s);
	sti_without_if(s);
}

#define BREAKS(...) { __VA_ARGS__ }, sizeof((unsigned int[]){ __VA_ARGS__ }) / sizeof(int)

static const struct spoil spoils[] = {
	{ .name = "CS of type 0", boot_long, cs_type, BREAKS(RULE_CS_TYPE), 0 },
	{ .name = "D and L", boot_long, cs_d_and_l, BREAKS(RULE_CS_L_D), 0 },
	{ .name = "CS at CPL 3, SS at 0", boot_long, cs_dpl, BREAKS(RULE_CS_DPL_NONCONFORMING), 0 },
	{ .name = "SS a code segment", boot_long, ss_type, BREAKS(RULE_SS_TYPE), 0 },
	{ .name = "FS execute-only", boot_long, data_type, BREAKS(RULE_DATA_TYPE), 0 },
	{ .name = "limit and granularity", boot_protected, granularity, BREAKS(RULE_SEGMENT_G), 0 },
	{ .name = "ES not present", boot_protected, not_present, BREAKS(RULE_SEGMENT_P), 0 },
	{ .name = "TR in the LDT", boot_long, tr_selector, BREAKS(RULE_TR_TI), 0 },
	{ .name = "LDTR a TSS", boot_long, ldtr_type, BREAKS(RULE_LDTR_TYPE), 0 },
	{ .name = "RIP of 33 bits", boot_protected, rip_32, BREAKS(RULE_RIP_32), 0 },
	{ .name = "virtual-8086 mode in IA-32e mode", boot_long, rflags_vm,
	  BREAKS(RULE_RFLAGS_VM, RULE_V86_BASE, RULE_V86_ACCESS, RULE_V86_LIMIT), 0 },
	{ .name = "STI shadow, IF clear", boot_long, sti_without_if, BREAKS(RULE_SHADOW_STI_IF), 0 },
	{ .name = "#GP without error code", boot_long, event_without_error_code,
	  BREAKS(RULE_EVENT_ERROR_CODE), 7 },
	{ .name = "interrupt, IF clear", boot_long, interrupt_without_if, BREAKS(RULE_RFLAGS_IF), 0 },
	{ .name = "PDPTE", boot_pae, pdpte, BREAKS(RULE_PDPTE), 0 },
	{ .name = "several", boot_long, three_at_once,
	  BREAKS(RULE_TR_TI, RULE_CS_L_D, RULE_SHADOW_STI_IF), 0 },
};

static const struct spoil rip_not_canonical = {
	.name = "RIP not canonical", boot_long, rip_64, BREAKS(RULE_RIP_64), 0
};

static const struct spoil step_in_a_shadow = {
	.name = "TF in a shadow without BS", boot_long, no_step_pending,
	BREAKS(RULE_PENDING_BS_SET), 0
};

struct answer {
	struct posada_explain explain;
	struct posada_rule rules[ROOM];
	struct posada_field fields[ROOM_FIELDS];
};

static int ask(struct vcpu *cpu, struct answer *a)
{
	a->explain = (struct posada_explain){
		.size = sizeof(a->explain),
		.nr_rules = ROOM,
		.rules = (uintptr_t)a->rules,
		.nr_fields = ROOM_FIELDS,
		.fields = (uintptr_t)a->fields,
	};
	return posada_ioctl(cpu->fd, POSADA_EXPLAIN, &a->explain);
}

static bool names(const struct answer *a, unsigned int rule)
{
	for (unsigned int i = 0; i < a->explain.nr_rules; i++)
		if (a->rules[i].id == rule)
			return true;
	return false;
}

static bool expected(const struct spoil *s, unsigned int rule)
{
	for (unsigned int i = 0; i < s->nr_broken; i++)
		if (s->broken[i] == rule)
			return true;
	return false;
}

static const __u64 *field(const struct answer *a, uint32_t encoding)
{
	for (unsigned int i = 0; i < a->explain.nr_fields; i++)
		if (a->fields[i].encoding == encoding)
			return &a->fields[i].value;
	return NULL;
}

static void judge(struct __test_metadata *_metadata, const struct spoil *s, struct vcpu *cpu)
{
	struct answer *a = malloc(sizeof(*a));
	unsigned int i;

	EXPECT_EQ(s->error, cpu->run->failed.instruction_error) {
		TH_LOG("%s", s->name);
	}
	EXPECT_EQ(s->error ? 0 : 33, cpu->run->hw_reason);
	ASSERT_EQ(0, ask(cpu, a));
	EXPECT_EQ(cpu->run->failed.nr_rules, a->explain.nr_rules);
	EXPECT_EQ(s->error, a->explain.instruction_error);
	EXPECT_EQ(cpu->run->qualification, a->explain.qualification);
	for (i = 0; i < s->nr_broken; i++)
		EXPECT_TRUE(names(a, s->broken[i])) {
			TH_LOG("%s: %s is not named", s->name, rule_names[s->broken[i]]);
		}
	for (i = 0; i < a->explain.nr_rules; i++)
		EXPECT_TRUE(expected(s, a->rules[i].id)) {
			TH_LOG("%s: %s is named", s->name, a->rules[i].id < NR_RULES ?
			       rule_names[a->rules[i].id] : "?");
		}
	free(a);
}

/*
 * Does the CPU refuse it?  A vCPU of its own for each, as the event of a failed
 * entry stays queued.
 */
static bool try(struct __test_metadata *_metadata, const struct spoil *s)
{
	struct posada_state state;
	struct vcpu cpu;
	struct vm vm;
	bool failed;

	vm_create(&vm);
	vcpu_create(&vm, &cpu, 0);
	s->boot(&cpu);
	vcpu_code(&cpu, runs);
	state = vcpu_state(&cpu, ALL);
	s->spoil(&state);
	vcpu_state_set(&cpu, &state, ALL);
	cpu.run->flags = POSADA_RUN_EXIT_HLT;
	__vcpu_run_on(&cpu);
	failed = cpu.run->reason == POSADA_EXIT_FAILED;
	if (failed)
		judge(_metadata, s, &cpu);
	vcpu_close(&cpu);
	vm_close(&vm);
	return failed;
}

TEST(names_exactly_what_is_broken)
{
	unsigned int i;

	NEEDS_POSADA();
	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		bool refused = try(_metadata, &spoils[i]);

		EXPECT_TRUE(refused) {
			TH_LOG("%s: the CPU does not mind", spoils[i].name);
		}
	}
}

/* What the emulator lets in. */
TEST(names_a_rip_beyond_the_linear_addresses)
{
	NEEDS_POSADA();
	if (!try(_metadata, &rip_not_canonical))
		SKIP(return, "this CPU lets it in: Documentation/quirks.rst");
}

TEST(names_a_step_in_a_shadow)
{
	NEEDS_POSADA();
	if (!try(_metadata, &step_in_a_shadow))
		SKIP(return, "this CPU lets it in: Documentation/quirks.rst");
}

/* ---- one state that fails everywhere ------------------------------------------------- */

static void fail(FIXTURE_DATA(guest) *self, struct posada_state *good)
{
	struct posada_state bad;

	vcpu_code(&self->cpu, runs);
	*good = vcpu_state(&self->cpu, ALL);
	bad = *good;
	cs_d_and_l(&bad);
	vcpu_state_set(&self->cpu, &bad, ALL);
	vcpu_run_to(&self->cpu, POSADA_EXIT_FAILED);
}

static struct answer answer;

TEST_F(guest, tells_fields_and_values)
{
	struct posada_state good;

	fail(self, &good);
	ASSERT_EQ(0, ask(&self->cpu, &answer));
	ASSERT_EQ(1, answer.explain.nr_rules);
	EXPECT_EQ(RULE_CS_L_D, answer.rules[0].id);
	EXPECT_EQ(2, answer.rules[0].nr_fields);
	EXPECT_EQ(0x4816, answer.rules[0].field[0]);		/* access rights of CS */
	EXPECT_EQ(good.segments.cs.access | 0x6000, answer.rules[0].value[0]);
	EXPECT_EQ(0x4012, answer.rules[0].field[1]);		/* VM-entry controls */
	ASSERT_NE(NULL, field(&answer, 0x4816));
	EXPECT_EQ(good.segments.cs.access | 0x6000, *field(&answer, 0x4816));
	ASSERT_NE(NULL, field(&answer, 0x681e));
	EXPECT_EQ(good.regs.rip, *field(&answer, 0x681e));
	EXPECT_NE(NULL, field(&answer, 0x10480));		/* IA32_VMX_BASIC */
	ASSERT_NE(NULL, field(&answer, 0x20001));		/* physical-address width */
	EXPECT_GE(52, *field(&answer, 0x20001));
}

TEST_F(guest, shows_the_event_of_the_entry)
{
	struct posada_state good;

	vcpu_nmi(&self->cpu);
	fail(self, &good);
	ASSERT_EQ(0, ask(&self->cpu, &answer));
	ASSERT_NE(NULL, field(&answer, 0x4016));
	EXPECT_EQ(EVENT(2, 2), *field(&answer, 0x4016));
}

TEST_F(guest, there_is_nothing_before_a_failure)
{
	EXPECT_EQ(-ENOENT, ask(&self->cpu, &answer));
	vcpu_code(&self->cpu, runs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(-ENOENT, ask(&self->cpu, &answer));
}

TEST_F(guest, there_is_nothing_after_an_entry_that_succeeded)
{
	struct posada_state good;

	fail(self, &good);
	EXPECT_EQ(0, ask(&self->cpu, &answer));
	/* it is kept until then, whatever is set */
	vcpu_state_set(&self->cpu, &good, ALL);
	EXPECT_EQ(0, ask(&self->cpu, &answer));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(-ENOENT, ask(&self->cpu, &answer));
}

TEST_F(guest, too_little_room_is_enospc_and_tells_how_much)
{
	struct posada_explain explain = { .size = sizeof(explain) };
	struct posada_state good;
	unsigned int nr_fields;

	fail(self, &good);
	ASSERT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
	EXPECT_EQ(1, explain.nr_rules);
	EXPECT_LT(100, explain.nr_fields);
	EXPECT_GE(ROOM_FIELDS, explain.nr_fields);
	nr_fields = explain.nr_fields;

	explain.rules = (uintptr_t)answer.rules;
	explain.fields = (uintptr_t)answer.fields;
	explain.nr_rules = 0;
	ASSERT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
	EXPECT_EQ(1, explain.nr_rules);
	explain.nr_fields--;
	ASSERT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
	EXPECT_EQ(nr_fields, explain.nr_fields);
	EXPECT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
}

TEST_F(guest, arrays_that_are_nowhere_are_efault)
{
	struct posada_state good;
	struct posada_explain explain;

	fail(self, &good);
	ASSERT_EQ(0, ask(&self->cpu, &answer));
	explain = answer.explain;
	explain.rules = 8;
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
	explain.rules = answer.explain.rules;
	explain.fields = ~7ULL;
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
}

TEST_HARNESS_MAIN
