// SPDX-License-Identifier: GPL-2.0
/*
 * Does the driver's checker of VM entries say what the CPU says?
 *
 * The module does all its work while it is loaded: it takes a valid image, corrupts a
 * few fields, asks the checker, enters, and compares.  What came of it is in the log
 * and in debugfs, posada_entry_fuzz.  For test machines only: it plays with the
 * registers of the kernel it runs in.
 */
#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "fuzz.h"

#define TOLD_IN_FULL 20 /* of the classes of disagreement, the first of each */
#define NR_CLASSES   64
#define REPORT_SIZE  32768

static bool this_machine_is_for_tests;
module_param(this_machine_is_for_tests, bool, 0444);
MODULE_PARM_DESC(
	this_machine_is_for_tests,
	"without it the module does nothing: a fault in it or in the CPU takes the machine down");

static unsigned int count = 20000;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "entries to try, skipped ones not counted");

static unsigned long long seed = 1;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of the pseudo-random numbers; the same seed does the same on the same CPU");

static char *emulator = "";
module_param(emulator, charp, 0444);
MODULE_PARM_DESC(emulator, "bochs: its known faults (quirks.c) are counted apart");

static char *forget = "";
module_param(forget, charp, 0444);
MODULE_PARM_DESC(forget, "a rule that the checker is to forget, which must come out");

static bool bochs;

u64 random_state;

/* One of what is tried, as a whole: too large for the stack. */
static struct trial {
	struct vmcs_image valid;
	struct vmcs_image image;
	unsigned int fields[MOST_FIELDS];
	unsigned int nr_fields;
	struct entry_violation broken[ROOM];
	unsigned int nr_broken;
	DECLARE_BITMAP(rules, NR_RULES); /* the same as a set */
	struct answer answer;
} trial;

static struct {
	unsigned int tried;
	unsigned int skipped; /* the rules allow it, but it would do harm */
	unsigned int fatal;   /* the emulator would not survive it */
	unsigned int agreed;
	unsigned int chosen;  /* the manual leaves it to the CPU */
	unsigned int excused; /* by a quirk of the emulator */
	unsigned int disagreed;
	unsigned int answers[4];	     /* entered; failed by controls, host, guest */
	unsigned int broken[ENTRY_NR_RULES]; /* entries that broke this rule */
	unsigned int alone[ENTRY_NR_RULES];  /* and no other */
} sum;

/* Disagreements of a kind: what the CPU did, and the first rule that is broken. */
static struct {
	u32 what;
	u32 first_rule; /* ENTRY_NR_RULES if there is none */
	u64 qualification;
	unsigned int count;
} classes[NR_CLASSES];

static unsigned int nr_classes;

#define RULE_NAME(name, stage, section, words) #name,
static const char *const rule_names[] = { ENTRY_RULES(RULE_NAME) };

static char report[REPORT_SIZE];
static struct debugfs_blob_wrapper blob = { .data = report };
static struct dentry *file;

/* To the log, and to the report as long as there is room. */
static __printf(1, 2) void tell(const char *format, ...)
{
	va_list arguments;
	char *line = report + blob.size;

	va_start(arguments, format);
	blob.size += vscnprintf(line, sizeof(report) - blob.size, format, arguments);
	va_end(arguments);
	pr_info("entry_fuzz: %s", line);
}

/* ---- one trial ------------------------------------------------------------------------ */

static void ask_checker(struct trial *t)
{
	unsigned int i, nr, kept = 0;

	/* A few fields break far fewer rules than there is room for. */
	nr = min(entry_check(&t->image, &fuzz_cpu, t->broken, ROOM), ROOM);
	bitmap_zero(t->rules, NR_RULES);
	for (i = 0; i < nr; i++) {
		if (!strcmp(rule_names[t->broken[i].id], forget))
			continue;
		t->broken[kept++] = t->broken[i];
		__set_bit(t->broken[i].id, t->rules);
	}
	t->nr_broken = kept;
}

/* The answers that are right when @rules are broken. */
static u32 expected(const unsigned long *rules)
{
	u32 early = 0, late = 0;
	unsigned int id;

	for_each_set_bit(id, rules, NR_RULES) {
		switch (entry_stage(id)) {
		case ENTRY_CONTROLS:
			early |= FUZZ_CONTROLS;
			break;
		case ENTRY_HOST:
			early |= FUZZ_HOST;
			break;
		case ENTRY_GUEST:
			late = FUZZ_GUEST;
			break;
		}
	}
	/* Controls and host in any order, but both before the guest (SDM 3C 27.2). */
	return early ?: late ?: FUZZ_ENTERS;
}

/* Of an entry that failed: 2 for PDPTEs, 4 for the link pointer, else 0 (27.8). */
static bool qualification_fits(const unsigned long *rules, u64 qualification)
{
	unsigned int id;
	u64 fits;

	for_each_set_bit(id, rules, NR_RULES) {
		if (entry_stage(id) != ENTRY_GUEST)
			continue;
		fits = id == RULE_PDPTE				       ? 2 :
		       id == RULE_LINK_ADDRESS || id == RULE_LINK_SELF ? 4 :
									 0;
		if (qualification == fits)
			return true;
	}
	return false;
}

static bool fits(const struct answer *answer, const unsigned long *rules)
{
	if (!(answer->what & expected(rules)))
		return false;
	return answer->what != FUZZ_GUEST || qualification_fits(rules, answer->qualification);
}

/*
 * "Some processors" take an NMI only without blocking by STI (SDM 3C 27.3.1.5), and
 * say so with qualification 3 (27.8).
 */
static bool cpu_may_choose(const struct trial *t)
{
	const u64 *v = t->image.value;

	return expected(t->rules) == FUZZ_ENTERS && t->answer.what == FUZZ_GUEST &&
	       t->answer.qualification == 3 &&
	       (v[VMCS_VM_ENTRY_INTR_INFO_FIELD] &
		(INTR_INFO_VALID_MASK | INTR_INFO_INTR_TYPE_MASK)) ==
		       (INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR) &&
	       v[VMCS_GUEST_INTERRUPTIBILITY_INFO] & GUEST_INTR_STATE_STI;
}

/* Does all of the answer follow from the emulator's known faults? */
static bool excused(const struct trial *t)
{
	DECLARE_BITMAP(rules, NR_RULES) = { 0 };

	if (!bochs)
		return false;
	bochs_rules(&t->image, t->broken, t->nr_broken, rules, 0);
	if (!fits(&t->answer, rules))
		return false;
	bochs_rules(&t->image, t->broken, t->nr_broken, rules, 1);
	return true;
}

/* Does it fail for sure, at @last or before, even where the CPU does not know all rules? */
static bool fails_by(const struct trial *t, enum entry_stage last)
{
	unsigned int i;

	for (i = 0; i < t->nr_broken; i++)
		if (entry_stage(t->broken[i].id) <= last && !lax_rule(t->broken[i].id))
			return true;
	return false;
}

static bool harmful(const struct trial *t)
{
	return (harm_of_exit(&t->image, &t->valid) && !fails_by(t, ENTRY_HOST)) ||
	       (harm_of_entry(&t->image) && !fails_by(t, ENTRY_GUEST));
}

static const char *const answer_names[] = { "entered", "error 7", "error 8", "exit 33", "neither" };

static void tell_disagreement(const struct trial *t)
{
	const struct answer *a = &t->answer;
	unsigned int i, field;
	const u64 *v = t->image.value;

	tell("disagreement at entry %u: CPU: %s (error %u, exit %#x, qualification %llu); checker: %u rules\n",
	     sum.tried, answer_names[__ffs(a->what)], a->error, a->reason, a->qualification,
	     t->nr_broken);
	for (i = 0; i < t->nr_broken; i++)
		tell("  breaks %s: field %#x is %#llx\n", rule_names[t->broken[i].id],
		     t->broken[i].field[0], t->broken[i].value[0]);
	for (i = 0; i < t->nr_fields; i++) {
		field = t->fields[i];
		tell("  %s: %#llx, was %#llx\n", field_name(field), t->image.value[field],
		     t->valid.value[field]);
	}
	tell("  CR0 %#llx CR4 %#llx EFER %#llx pin %#llx cpu %#llx cpu2 %#llx entry %#llx exit %#llx\n",
	     v[VMCS_GUEST_CR0], v[VMCS_GUEST_CR4], v[VMCS_GUEST_IA32_EFER],
	     v[VMCS_PIN_BASED_VM_EXEC_CONTROL], v[VMCS_CPU_BASED_VM_EXEC_CONTROL],
	     v[VMCS_SECONDARY_VM_EXEC_CONTROL], v[VMCS_VM_ENTRY_CONTROLS],
	     v[VMCS_VM_EXIT_CONTROLS]);
	tell("  CS %#llx %#llx SS %#llx %#llx RIP %#llx RFLAGS %#llx event %#llx shadow %#llx activity %#llx pending %#llx link %#llx\n",
	     v[VMCS_GUEST_CS_SELECTOR], v[VMCS_GUEST_CS_AR_BYTES], v[VMCS_GUEST_SS_SELECTOR],
	     v[VMCS_GUEST_SS_AR_BYTES], v[VMCS_GUEST_RIP], v[VMCS_GUEST_RFLAGS],
	     v[VMCS_VM_ENTRY_INTR_INFO_FIELD], v[VMCS_GUEST_INTERRUPTIBILITY_INFO],
	     v[VMCS_GUEST_ACTIVITY_STATE], v[VMCS_GUEST_PENDING_DBG_EXCEPTIONS],
	     v[VMCS_VMCS_LINK_POINTER]);
}

/* Is it the first of its class? */
static bool count_class(const struct trial *t)
{
	u32 first_rule = find_first_bit(t->rules, ENTRY_NR_RULES);
	u64 qualification = t->answer.what == FUZZ_GUEST ? t->answer.qualification : 0;
	unsigned int i;

	for (i = 0; i < nr_classes; i++)
		if (classes[i].what == t->answer.what && classes[i].first_rule == first_rule &&
		    classes[i].qualification == qualification) {
			classes[i].count++;
			return false;
		}
	if (nr_classes == NR_CLASSES)
		return false;
	classes[nr_classes].what = t->answer.what;
	classes[nr_classes].first_rule = first_rule;
	classes[nr_classes].qualification = qualification;
	classes[nr_classes++].count = 1;
	return true;
}

static void count_rules(const struct trial *t)
{
	unsigned int id;

	for_each_set_bit(id, t->rules, ENTRY_NR_RULES) {
		sum.broken[id]++;
		if (bitmap_weight(t->rules, ENTRY_NR_RULES) == 1)
			sum.alone[id]++;
	}
}

static void judge(const struct trial *t)
{
	sum.tried++;
	if (t->answer.what != FUZZ_OTHER)
		sum.answers[__ffs(t->answer.what)]++;
	count_rules(t);
	if (cpu_may_choose(t)) {
		sum.chosen++;
	} else if (fits(&t->answer, t->rules)) {
		sum.agreed++;
	} else if (excused(t)) {
		sum.excused++;
	} else {
		sum.disagreed++;
		if (count_class(t) && nr_classes <= TOLD_IN_FULL)
			tell_disagreement(t);
	}
}

/* The linked VMCS is made to fit: the checker does not see it. */
static bool shadowing(const struct vmcs_image *image)
{
	return image->value[VMCS_CPU_BASED_VM_EXEC_CONTROL] &
		       CPU_BASED_ACTIVATE_SECONDARY_CONTROLS &&
	       image->value[VMCS_SECONDARY_VM_EXEC_CONTROL] & SECONDARY_EXEC_SHADOW_VMCS;
}

/* Interrupts are off from the reading of the host's registers to the entry. */
static int one_trial(struct trial *t)
{
	unsigned long flags;
	int err = 0;

	local_irq_save(flags);
	valid_image(&t->valid);
	t->image = t->valid;
	t->nr_fields = corrupt(&t->image, t->fields);
	ask_checker(t);
	host_set_link_shadow(shadowing(&t->image));
	if (bochs && fatal_to_bochs(&t->image)) {
		local_irq_restore(flags);
		sum.fatal++;
		return 0;
	}
	if (harmful(t)) {
		local_irq_restore(flags);
		sum.skipped++;
		return 0;
	}
	err = host_try(&t->image, &t->answer);
	local_irq_restore(flags);
	if (!err)
		judge(t);
	return err;
}

/* ---- all of them ------------------------------------------------------------------------ */

/* Several to a line: a CPU without a feature breaks none of its rules. */
static void tell_never(void)
{
	char line[100] = "";
	unsigned int i, length = 0;

	for (i = 0; i < ENTRY_NR_RULES; i++) {
		if (sum.broken[i])
			continue;
		if (length + strlen(rule_names[i]) + 2 > sizeof(line)) {
			tell("never:%s\n", line);
			length = 0;
		}
		length += scnprintf(line + length, sizeof(line) - length, " %s", rule_names[i]);
	}
	if (length)
		tell("never:%s\n", line);
}

static void tell_sum(void)
{
	unsigned int i, never = 0, alone = 0;

	for (i = 0; i < ENTRY_NR_RULES; i++) {
		never += !sum.broken[i];
		alone += !!sum.alone[i];
	}
	tell("seed %llu: %u entries, %u agree, %u as the CPU chooses, %u explained by the emulator, %u disagree\n",
	     seed, sum.tried, sum.agreed, sum.chosen, sum.excused, sum.disagreed);
	tell("not tried: %u harmful, %u fatal to the emulator\n", sum.skipped, sum.fatal);
	tell("the CPU entered %u, refused %u by controls, %u by the host state, %u by the guest state\n",
	     sum.answers[0], sum.answers[1], sum.answers[2], sum.answers[3]);
	tell("%u of %u rules were broken, %u of them alone\n", ENTRY_NR_RULES - never,
	     ENTRY_NR_RULES, alone);
	tell_never();
	for (i = 0; i < nr_classes; i++)
		tell("disagreements: %u times %s (qualification %llu) with first rule %s\n",
		     classes[i].count, answer_names[__ffs(classes[i].what)],
		     classes[i].qualification,
		     classes[i].first_rule < ENTRY_NR_RULES ? rule_names[classes[i].first_rule] :
							      "none");
	for (i = 0; i < nr_bochs_quirks; i++)
		if (bochs_quirks[i].count)
			tell("quirk: %u times %s\n", bochs_quirks[i].count, bochs_quirks[i].does);
}

static int run(void)
{
	int err = 0;

	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	while (!err && sum.tried < count) {
		err = one_trial(&trial);
		if (sum.tried % 16 == 0)
			cond_resched();
		if (signal_pending(current))
			err = -EINTR;
	}
	if (err)
		pr_err("posada_entry_fuzz: ended after %u entries: %d\n", sum.tried, err);
	return err;
}

static int __init start(void)
{
	int err;

	if (!this_machine_is_for_tests) {
		pr_err("posada_entry_fuzz: for test machines only: this_machine_is_for_tests=1\n");
		return -EPERM;
	}
	bochs = !strcmp(emulator, "bochs");
	err = host_init();
	if (err)
		return err;
	err = run();
	host_exit();
	if (err)
		return err;
	tell_sum();
	file = debugfs_create_blob("posada_entry_fuzz", 0444, NULL, &blob);
	return 0;
}

static void __exit end(void)
{
	debugfs_remove(file);
}

module_init(start);
module_exit(end);

MODULE_DESCRIPTION("differential test of posada's VM-entry checker, for test machines");
MODULE_LICENSE("GPL");
