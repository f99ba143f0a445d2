// SPDX-License-Identifier: GPL-2.0
#include "policy.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <asm/vmx.h>

#define RW	(POSADA_TRAP_READ | POSADA_TRAP_WRITE)
#define ANY	0xffffffffU

#define VECTOR_DB	1
#define VECTOR_NMI	2
#define VECTOR_BP	3
#define VECTOR_OF	4
#define VECTOR_UD	6
#define VECTOR_GP	13
#define VECTOR_AC	17
#define VECTOR_MC	18

const u32 policy_cpu_mask =
	CPU_BASED_HLT_EXITING | CPU_BASED_INVLPG_EXITING | CPU_BASED_MWAIT_EXITING |
	CPU_BASED_RDPMC_EXITING | CPU_BASED_RDTSC_EXITING | CPU_BASED_CR3_LOAD_EXITING |
	CPU_BASED_CR3_STORE_EXITING | CPU_BASED_CR8_LOAD_EXITING |
	CPU_BASED_CR8_STORE_EXITING | CPU_BASED_MONITOR_EXITING | CPU_BASED_PAUSE_EXITING;
const u32 policy_cpu2_mask =
	SECONDARY_EXEC_DESC | SECONDARY_EXEC_RDRAND_EXITING | SECONDARY_EXEC_RDSEED_EXITING;

/*
 * One kind: whether it has a direction and numbers, the control that makes it exit
 * (if it does not always), and why some dispositions make no sense.
 */
struct kind {
	u8 access;
	u32 last;
	u32 cpu;
	u32 cpu2;
	const char *why[POSADA_DISPOSITIONS];
};

#define ALWAYS_EXITS	"this instruction always exits"
#define MACHINES_OWN	"the guest would reach a register of the machine; native is for those of each guest"
#define UNKNOWN_MSR	"the module does not know one of these registers; user, ignore and fault can be"
#define RAISED_FOR_EVER		"#DB and #AC always exit: a guest could raise them without end and hang the CPU"
#define ONLY_SOFTWARE	"only INT3 and INTO can be skipped; another exception would come again"
#define STORES		"half of these instructions store to memory, which is for the CPU or the program"

static const struct kind kinds[POSADA_TRAP_KINDS] = {
	[POSADA_TRAP_CPUID] = {
		.last = ANY,
		.why[POSADA_NATIVE] =
			ALWAYS_EXITS "; what the guest sees is the CPUID table of its vCPU",
	},
	[POSADA_TRAP_IO] = {
		.access = RW, .last = 0xffff,
		.why[POSADA_NATIVE] = "the guest would reach the machine's own ports",
		.why[POSADA_EMULATE] =
			"the module has no devices; user hands the access to the program",
	},
	[POSADA_TRAP_MSR] = { .access = RW, .last = ANY },
	[POSADA_TRAP_CR] = { .access = RW, .last = 8 },
	[POSADA_TRAP_DR] = { .access = RW, .last = 7 },
	[POSADA_TRAP_EXCEPTION] = {
		.last = 31,
		.why[POSADA_FAULT] = "an exception cannot be replaced by another",
	},
	[POSADA_TRAP_VMCALL] = {
		.why[POSADA_NATIVE] = ALWAYS_EXITS,
		.why[POSADA_EMULATE] =
			"the module knows no hypercalls; user hands it to the program",
	},
	[POSADA_TRAP_HLT] = { .cpu = CPU_BASED_HLT_EXITING },
	[POSADA_TRAP_PAUSE] = { .cpu = CPU_BASED_PAUSE_EXITING },
	[POSADA_TRAP_RDTSC] = { .cpu = CPU_BASED_RDTSC_EXITING },
	[POSADA_TRAP_RDPMC] = {
		.cpu = CPU_BASED_RDPMC_EXITING,
		.why[POSADA_NATIVE] = "the guest would read the machine's own counters",
		.why[POSADA_EMULATE] = "guests have no performance counters",
	},
	[POSADA_TRAP_RDRAND] = { .cpu2 = SECONDARY_EXEC_RDRAND_EXITING },
	[POSADA_TRAP_RDSEED] = { .cpu2 = SECONDARY_EXEC_RDSEED_EXITING },
	[POSADA_TRAP_INVLPG] = { .cpu = CPU_BASED_INVLPG_EXITING },
	[POSADA_TRAP_WBINVD] = {
		.why[POSADA_NATIVE] = "INVD would drop dirty cache lines of the machine",
	},
	[POSADA_TRAP_MONITOR] = {
		.cpu = CPU_BASED_MONITOR_EXITING,
		.why[POSADA_EMULATE] = "the module does not emulate MONITOR",
	},
	[POSADA_TRAP_MWAIT] = {
		.cpu = CPU_BASED_MWAIT_EXITING,
		.why[POSADA_EMULATE] = "the module does not emulate MWAIT",
	},
	[POSADA_TRAP_TABLES] = {
		.cpu2 = SECONDARY_EXEC_DESC,
		.why[POSADA_IGNORE] = STORES,
	},
	[POSADA_TRAP_XSETBV] = { .why[POSADA_NATIVE] = ALWAYS_EXITS },
};

/* ---- what may be set --------------------------------------------------------- */

static const struct policy_msr *find_msr(const struct policy_cpu *cpu, u32 index)
{
	u32 i;

	for (i = 0; i < cpu->nr_msrs; i++)
		if (cpu->msrs[i].index == index)
			return &cpu->msrs[i];
	return NULL;
}

/* NATIVE and EMULATE: for registers that can, one by one. */
static const char *refuse_msr(const struct posada_trap *t, const struct policy_cpu *cpu)
{
	const struct policy_msr *m;
	u32 i;

	if (t->disposition > POSADA_EMULATE)
		return NULL;
	for (i = 0; i <= t->last - t->first; i++) {
		m = find_msr(cpu, t->first + i);
		if (t->disposition == POSADA_NATIVE && (!m || (t->access & ~m->native)))
			return MACHINES_OWN;
		if (t->disposition == POSADA_EMULATE && (!m || (t->access & ~m->known)))
			return UNKNOWN_MSR;
	}
	return NULL;
}

static const char *refuse_cr(const struct posada_trap *t)
{
	if (t->first != t->last || (t->first != 0 && t->first != 3 && t->first != 4 &&
				    t->first != 8))
		return "there are CR0, CR3, CR4 and CR8, one a row";
	if (t->disposition != POSADA_NATIVE && (t->access & POSADA_TRAP_READ) &&
	    (t->first == 0 || t->first == 4))
		return "reading CR0 or CR4 never exits: the guest reads what it wrote";
	return NULL;
}

static const char *refuse_exception(const struct posada_trap *t)
{
	u32 i;

	for (i = t->first; i <= t->last; i++) {
		if (i == VECTOR_NMI)
			return "vector 2 is the NMI, which is no exception";
		if (i == VECTOR_MC)
			return "a machine check is the host's";
		if (t->disposition == POSADA_NATIVE && (i == VECTOR_DB || i == VECTOR_AC))
			return RAISED_FOR_EVER;
		if (t->disposition == POSADA_IGNORE && i != VECTOR_BP && i != VECTOR_OF)
			return ONLY_SOFTWARE;
	}
	return NULL;
}

static const char *refuse_value(const struct posada_trap *t)
{
	switch (t->disposition) {
	case POSADA_FAULT:
		return t->value == VECTOR_UD || t->value == VECTOR_GP ?
		       NULL : "a fault is 6 (#UD) or 13 (#GP)";
	case POSADA_IGNORE:
		if (t->what == POSADA_TRAP_CPUID && t->value)
			return "an ignored CPUID gives zeroes";
		return t->what == POSADA_TRAP_IO && t->value > ANY ?
		       "a port gives at most 32 bits" : NULL;
	}
	return t->value ? "only ignore and fault have a value" : NULL;
}

static const char *refuse_form(const struct posada_trap *t)
{
	const struct kind *k = &kinds[t->what];

	if (t->flags || t->hits)
		return "flags and hits are not for setting";
	if (t->disposition >= POSADA_DISPOSITIONS)
		return "no such disposition";
	if ((t->access & ~k->access) || (k->access && !t->access))
		return k->access ? "access is read, write or both" : "this kind has no direction";
	if (t->first > t->last)
		return "the range ends before it begins";
	if (t->last > k->last)
		return k->last ? "the range goes too far" : "this kind has no numbers";
	return k->why[t->disposition] ? : refuse_value(t);
}

const char *policy_refuse(const struct posada_trap *t, const struct policy_cpu *cpu, int *err)
{
	const struct kind *k;
	const char *why = NULL;

	*err = -EINVAL;
	if (t->what >= POSADA_TRAP_KINDS)
		return "no such kind";
	k = &kinds[t->what];
	why = refuse_form(t);
	if (why)
		return why;
	switch (t->what) {
	case POSADA_TRAP_MSR:
		why = refuse_msr(t, cpu);
		break;
	case POSADA_TRAP_CR:
		why = refuse_cr(t);
		break;
	case POSADA_TRAP_EXCEPTION:
		why = refuse_exception(t);
		break;
	}
	if (why)
		return why;
	if (t->disposition != POSADA_NATIVE && ((k->cpu & ~cpu->cpu) || (k->cpu2 & ~cpu->cpu2))) {
		*err = -EOPNOTSUPP;
		return "this CPU has no exit for it";
	}
	*err = 0;
	return NULL;
}

/* ---- the built-in rows ------------------------------------------------------------ */

struct built_in {
	struct posada_trap *rows;
	u32 nr;
};

static void add(struct built_in *b, u32 what, u32 access, u32 first, u32 last,
		u32 disposition, u64 value)
{
	b->rows[b->nr++] = (struct posada_trap) {
		.what = what, .access = access, .disposition = disposition,
		.flags = POSADA_TRAP_BUILT_IN, .first = first, .last = last, .value = value,
	};
}

static void add_msr(struct built_in *b, const struct policy_msr *m)
{
	u32 emulated = m->known & ~m->native;

	if (m->native)
		add(b, POSADA_TRAP_MSR, m->native, m->index, m->index, POSADA_NATIVE, 0);
	if (emulated)
		add(b, POSADA_TRAP_MSR, emulated, m->index, m->index, POSADA_EMULATE, 0);
}

u32 policy_built_in(struct posada_trap *rows, const struct policy_cpu *cpu)
{
	static const struct {
		u8 what;
		u8 disposition;
		u8 value;
	} plain[] = {
		{ POSADA_TRAP_VMCALL, POSADA_USER },
		{ POSADA_TRAP_HLT, POSADA_EMULATE },
		{ POSADA_TRAP_PAUSE, POSADA_NATIVE },
		{ POSADA_TRAP_RDTSC, POSADA_NATIVE },
		{ POSADA_TRAP_RDPMC, POSADA_FAULT, VECTOR_GP },
		{ POSADA_TRAP_RDRAND, POSADA_NATIVE },
		{ POSADA_TRAP_RDSEED, POSADA_NATIVE },
		{ POSADA_TRAP_INVLPG, POSADA_NATIVE },
		{ POSADA_TRAP_WBINVD, POSADA_IGNORE },
		{ POSADA_TRAP_MONITOR, POSADA_FAULT, VECTOR_UD },
		{ POSADA_TRAP_MWAIT, POSADA_FAULT, VECTOR_UD },
		{ POSADA_TRAP_TABLES, POSADA_NATIVE },
		{ POSADA_TRAP_XSETBV, POSADA_EMULATE },
	};
	struct built_in b = { rows };
	u32 i;

	add(&b, POSADA_TRAP_CPUID, 0, 0, ANY, POSADA_EMULATE, 0);
	add(&b, POSADA_TRAP_IO, RW, 0, 0xffff, POSADA_USER, 0);
	for (i = 0; i < cpu->nr_msrs; i++)
		add_msr(&b, &cpu->msrs[i]);
	add(&b, POSADA_TRAP_MSR, RW, 0, ANY, POSADA_USER, 0);
	add(&b, POSADA_TRAP_CR, RW, 0, 8, POSADA_NATIVE, 0);
	add(&b, POSADA_TRAP_DR, RW, 0, 7, POSADA_NATIVE, 0);
	add(&b, POSADA_TRAP_EXCEPTION, 0, VECTOR_DB, VECTOR_DB, POSADA_EMULATE, 0);
	add(&b, POSADA_TRAP_EXCEPTION, 0, VECTOR_AC, VECTOR_AC, POSADA_EMULATE, 0);
	add(&b, POSADA_TRAP_EXCEPTION, 0, 0, 31, POSADA_NATIVE, 0);
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		add(&b, plain[i].what, 0, 0, 0, plain[i].disposition, plain[i].value);
	return b.nr;
}

/* ---- match ---------------------------------------------------------------------------- */

struct policy_row *policy_match(struct policy *p, u32 what, u32 access, u32 number)
{
	u32 i;

	for (i = p->start[what]; i < p->start[what + 1]; i++) {
		const struct posada_trap *t = &p->rows[p->order[i]].trap;

		if (number >= t->first && number <= t->last &&
		    (!access || (t->access & access)))
			break;
	}
	/* The built-in rows match everything: the last one, if it comes to that. */
	return &p->rows[p->order[i < p->start[what + 1] ? i : i - 1]];
}

static bool is_native(struct policy *p, u32 what, u32 access, u32 number)
{
	return policy_match(p, what, access, number)->trap.disposition == POSADA_NATIVE;
}

static void sort(struct policy *p)
{
	u32 what, i, n = 0;

	for (what = 0; what < POSADA_TRAP_KINDS; what++) {
		p->start[what] = n;
		for (i = 0; i < p->nr; i++)
			if (p->rows[i].trap.what == what)
				p->order[n++] = i;
	}
	p->start[what] = n;
}

static bool msrs_differ(struct policy *p, const struct policy_cpu *cpu)
{
	const struct policy_msr *m;
	u32 i, access;

	for (i = 0; i < cpu->nr_msrs; i++) {
		m = &cpu->msrs[i];
		for (access = POSADA_TRAP_READ; access <= POSADA_TRAP_WRITE; access <<= 1)
			if ((m->native & access) &&
			    !is_native(p, POSADA_TRAP_MSR, access, m->index))
				return true;
	}
	return false;
}

void policy_compile(struct policy *p, const struct policy_cpu *cpu)
{
	static const struct {
		u8 number;
		u8 access;
		u32 control;
	} crs[] = {
		{ 3, POSADA_TRAP_WRITE, CPU_BASED_CR3_LOAD_EXITING },
		{ 3, POSADA_TRAP_READ, CPU_BASED_CR3_STORE_EXITING },
		{ 8, POSADA_TRAP_WRITE, CPU_BASED_CR8_LOAD_EXITING },
		{ 8, POSADA_TRAP_READ, CPU_BASED_CR8_STORE_EXITING },
	};
	struct policy_controls *c = &p->controls;
	u32 i;

	sort(p);
	*c = (struct policy_controls) { };
	for (i = 0; i < POSADA_TRAP_KINDS; i++)
		if ((kinds[i].cpu | kinds[i].cpu2) && !is_native(p, i, 0, 0)) {
			c->cpu |= kinds[i].cpu & cpu->cpu;
			c->cpu2 |= kinds[i].cpu2 & cpu->cpu2;
		}
	for (i = 0; i < ARRAY_SIZE(crs); i++)
		if (!is_native(p, POSADA_TRAP_CR, crs[i].access, crs[i].number))
			c->cpu |= crs[i].control;
	c->cr0 = !is_native(p, POSADA_TRAP_CR, POSADA_TRAP_WRITE, 0);
	c->cr4 = !is_native(p, POSADA_TRAP_CR, POSADA_TRAP_WRITE, 4);
	for (i = 0; i < 8; i++)
		if (!is_native(p, POSADA_TRAP_DR, POSADA_TRAP_READ, i) ||
		    !is_native(p, POSADA_TRAP_DR, POSADA_TRAP_WRITE, i))
			c->dr = true;
	for (i = 0; i < 32; i++)
		if (i != VECTOR_NMI && !is_native(p, POSADA_TRAP_EXCEPTION, 0, i))
			c->exceptions |= 1U << i;
	c->msrs = msrs_differ(p, cpu);
}
