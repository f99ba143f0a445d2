// SPDX-License-Identifier: GPL-2.0
/* What a vCPU is doing. */
#include "report_vcpu.h"

#include <errno.h>
#include <string.h>

#include "decode.h"
#include "exitname.h"
#include "flagname.h"
#include "gdb_memory.h"
#include "vm.h"

#define EFER_LMA  (1ULL << 10)
#define CR0_PE	  (1ULL << 0)
#define ACCESS_L  (1U << 13)
#define ACCESS_D  (1U << 14)
#define RFLAGS_VM (1ULL << 17)

#define REGS_GROUPS                                                                              \
	(POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | POSADA_STATE_DEBUG | \
	 POSADA_STATE_EVENTS)

/* ---- registers as JSON ------------------------------------------------------------------ */

/* JSON's numbers are not wide enough. */
static void hex(json_t *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_object_set_new(object, key, json_string(text));
}

static void put_general(json_t *reply, const struct posada_regs *regs)
{
	static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					       "rsi", "rdi", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15" };

	for (int i = 0; i < 16; i++)
		hex(reply, names[i], regs->gpr[i]);
	hex(reply, "rip", regs->rip);
	hex(reply, "rflags", regs->rflags);
}

static void put_segment(json_t *reply, const char *name, const struct posada_segment *s)
{
	json_t *segment = json_object();

	hex(segment, "selector", s->selector);
	hex(segment, "base", s->base);
	hex(segment, "limit", s->limit);
	hex(segment, "access", s->access);
	json_object_set_new(reply, name, segment);
}

static void put_table(json_t *reply, const char *name, const struct posada_table *t)
{
	json_t *table = json_object();

	hex(table, "base", t->base);
	hex(table, "limit", t->limit);
	json_object_set_new(reply, name, table);
}

static void put_segments(json_t *reply, const struct posada_segments *s)
{
	put_segment(reply, "cs", &s->cs);
	put_segment(reply, "ss", &s->ss);
	put_segment(reply, "ds", &s->ds);
	put_segment(reply, "es", &s->es);
	put_segment(reply, "fs", &s->fs);
	put_segment(reply, "gs", &s->gs);
	put_segment(reply, "ldtr", &s->ldtr);
	put_segment(reply, "tr", &s->tr);
	put_table(reply, "gdtr", &s->gdtr);
	put_table(reply, "idtr", &s->idtr);
}

static void put_control(json_t *reply, const struct posada_state *state)
{
	static const char *const names[4] = { "dr0", "dr1", "dr2", "dr3" };

	hex(reply, "cr0", state->control.cr0);
	hex(reply, "cr2", state->control.cr2);
	hex(reply, "cr3", state->control.cr3);
	hex(reply, "cr4", state->control.cr4);
	hex(reply, "cr8", state->control.cr8);
	hex(reply, "efer", state->control.efer);
	hex(reply, "xcr0", state->control.xcr0);
	for (int i = 0; i < 4; i++)
		hex(reply, names[i], state->debug.dr[i]);
	hex(reply, "dr6", state->debug.dr6);
	hex(reply, "dr7", state->debug.dr7);
}

static void put_flags(json_t *reply, const struct posada_state *state)
{
	const uint64_t values[FLAG_REGISTERS] = {
		[FLAG_RFLAGS] = state->regs.rflags, [FLAG_CR0] = state->control.cr0,
		[FLAG_CR4] = state->control.cr4,    [FLAG_EFER] = state->control.efer,
		[FLAG_XCR0] = state->control.xcr0,  [FLAG_DR6] = state->debug.dr6,
		[FLAG_DR7] = state->debug.dr7,
	};
	json_t *flags = json_object();
	char text[256];

	for (unsigned int i = 0; i < FLAG_REGISTERS; i++) {
		flag_text(i, values[i], text, sizeof(text));
		json_object_set_new(flags, flag_register_name(i), json_string(text));
	}
	json_object_set_new(reply, "flags", flags);
}

/* ---- the instruction at hand ----------------------------------------------------------------- */

static unsigned int code_mode(const struct posada_state *state)
{
	uint32_t access = state->segments.cs.access;

	if (state->control.efer & EFER_LMA && access & ACCESS_L)
		return 64;
	if (!(state->control.cr0 & CR0_PE) || state->regs.rflags & RFLAGS_VM)
		return 16;
	return access & ACCESS_D ? 32 : 16;
}

static void put_instruction(json_t *reply, struct vm *vm, const struct posada_state *state)
{
	const struct gdb_memory memory = {
		.ram = &vm->ram,
		.control = &state->control,
		.gpa_bits = vm->driver.info.gpa_bits,
	};
	unsigned int mode = code_mode(state);
	uint64_t linear = state->regs.rip;
	uint8_t bytes[INSN_MAX_LENGTH];
	char text[128];
	size_t got;

	if (mode != 64)
		linear = (uint32_t)(linear + state->segments.cs.base);
	got = gdb_read_memory(&memory, linear, bytes, sizeof(bytes));
	if (!got)
		return;
	insn_text(bytes, got, mode, state->regs.rip, text, sizeof(text));
	json_object_set_new(reply, "instruction", json_string(text));
}

json_t *report_regs(struct vm *vm)
{
	struct posada_state state = { 0 };
	int err = vm->vcpu.driver->state_get(&vm->vcpu, &state, REGS_GROUPS);
	json_t *reply = json_object();

	if (err) {
		json_object_set_new(reply, "error", json_string(strerror(-err)));
		return reply;
	}
	put_general(reply, &state.regs);
	put_segments(reply, &state.segments);
	put_control(reply, &state);
	put_flags(reply, &state);
	put_instruction(reply, vm, &state);
	json_object_set_new(reply, "halted", json_boolean(state.events.activity == POSADA_HALTED));
	return reply;
}

/* ---- registers for people --------------------------------------------------------------------- */

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "?";
}

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void print_segment(FILE *file, const json_t *regs, const char *name)
{
	const json_t *s = json_object_get(regs, name);

	fprintf(file, "%-5s %-7s base %-18s limit %-10s access %s\n", name, text(s, "selector"),
		text(s, "base"), text(s, "limit"), text(s, "access"));
}

static void print_rows(FILE *file, const json_t *regs)
{
	static const char *const rows[][4] = {
		{ "rax", "rbx", "rcx", "rdx" }, { "rsi", "rdi", "rbp", "rsp" },
		{ "r8", "r9", "r10", "r11" },	{ "r12", "r13", "r14", "r15" },
		{ "rip", NULL, NULL, NULL },	{ "cr2", "cr3", "cr8", NULL },
		{ "dr0", "dr1", "dr2", "dr3" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int j = 0; j < 4 && rows[i][j]; j++)
			fprintf(file, "%-6s %-19s", rows[i][j], text(regs, rows[i][j]));
		if (i == 4 && json_object_get(regs, "instruction"))
			fprintf(file, "%s", text(regs, "instruction"));
		fputc('\n', file);
	}
}

void report_regs_print(FILE *file, const json_t *regs)
{
	static const char *const segments[] = { "cs", "ss", "ds", "es", "fs", "gs", "ldtr", "tr" };
	const json_t *flags = json_object_get(regs, "flags");

	if (json_object_get(regs, "error")) {
		fprintf(file, "no registers: %s\n", text(regs, "error"));
		return;
	}
	print_rows(file, regs);
	for (unsigned int i = 0; i < FLAG_REGISTERS; i++) {
		const char *name = flag_register_name(i);

		fprintf(file, "%-6s %-19s%s\n", name, text(regs, name), text(flags, name));
	}
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		print_segment(file, regs, segments[i]);
	fprintf(file, "gdtr  base %s limit %s\n", text(json_object_get(regs, "gdtr"), "base"),
		text(json_object_get(regs, "gdtr"), "limit"));
	fprintf(file, "idtr  base %s limit %s\n", text(json_object_get(regs, "idtr"), "base"),
		text(json_object_get(regs, "idtr"), "limit"));
	if (json_is_true(json_object_get(regs, "halted")))
		fprintf(file, "The vCPU sleeps in HLT.\n");
}

/* ---- the last exits ----------------------------------------------------------------------------- */

/* Where an exit was, as struct posada_run begins to tell. */
static void put_where(json_t *exit, uint32_t reason, uint64_t where)
{
	switch (reason) {
	case POSADA_EXIT_IO:
		hex(exit, "port", where & 0xffff);
		break;
	case POSADA_EXIT_MMIO:
	case POSADA_EXIT_MEMORY:
		hex(exit, "gpa", where);
		break;
	case POSADA_EXIT_RDMSR:
	case POSADA_EXIT_WRMSR:
		hex(exit, "msr", where & 0xffffffff);
		break;
	}
}

static json_t *launcher_exits(const struct exit_ring *ring)
{
	json_t *exits = json_array();

	for (uint64_t n = ring->total < EXIT_RING ? 0 : ring->total - EXIT_RING; n < ring->total;
	     n++) {
		unsigned int i = n % EXIT_RING;
		json_t *exit = json_pack("{s:I, s:s}", "number", (json_int_t)n, "name",
					 posada_exit_name(ring->exit[i].reason));

		hex(exit, "rip", ring->exit[i].rip);
		put_where(exit, ring->exit[i].reason, ring->exit[i].where);
		json_array_append_new(exits, exit);
	}
	return exits;
}

static json_t *driver_exits(struct vm *vm)
{
	static const char *const answers[] = { "resumed", "to the launcher", "memory fault",
					       "slept", "host" };
	struct posada_last_exit entries[POSADA_LAST_EXITS_MAX];
	uint32_t nr = POSADA_LAST_EXITS_MAX;
	json_t *exits = json_array();

	if (!vm->vcpu.driver->last_exits ||
	    vm->vcpu.driver->last_exits(&vm->vcpu, entries, &nr))
		return exits;
	for (uint32_t i = 0; i < nr; i++) {
		const struct posada_last_exit *e = &entries[i];
		json_t *exit = json_pack("{s:i, s:s, s:s}", "reason", (int)e->reason, "name",
					 exit_reason_name(e->reason), "answer",
					 e->answer < sizeof(answers) / sizeof(answers[0]) ?
						 answers[e->answer] :
						 "?");

		hex(exit, "rip", e->rip);
		hex(exit, "qualification", e->qualification);
		hex(exit, "tsc", e->tsc);
		if (e->information)
			hex(exit, "information", e->information);
		json_array_append_new(exits, exit);
	}
	return exits;
}

json_t *report_exits(struct vm *vm)
{
	json_t *reply = json_object();

	json_object_set_new(reply, "launcher", launcher_exits(&vm->exits));
	if (vm->log_exits)
		json_object_set_new(reply, "driver", driver_exits(vm));
	return reply;
}

static void print_exit(FILE *file, const json_t *exit)
{
	static const char *const details[] = { "port", "gpa", "msr", "qualification",
					       "information" };

	fprintf(file, "  rip %-18s  %s", text(exit, "rip"), text(exit, "name"));
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (json_object_get(exit, details[i]))
			fprintf(file, ", %s %s", details[i], text(exit, details[i]));
	if (json_object_get(exit, "answer"))
		fprintf(file, ": %s", text(exit, "answer"));
	fputc('\n', file);
}

/* The same over and over, as of a loop that waits for a device, is told once. */
static void print_exits(FILE *file, const json_t *exits)
{
	const json_t *exit, *last = NULL;
	unsigned int again = 0;
	size_t i;

	json_array_foreach(exits, i, exit)
	{
		bool same = last && !strcmp(text(exit, "rip"), text(last, "rip")) &&
			    !strcmp(text(exit, "name"), text(last, "name")) &&
			    !strcmp(text(exit, "port"), text(last, "port"));

		if (!same && again)
			fprintf(file, "  and %u more of these\n", again);
		again = same ? again + 1 : 0;
		if (!same)
			print_exit(file, exit);
		last = exit;
	}
	if (again)
		fprintf(file, "  and %u more of these\n", again);
}

void report_exits_print(FILE *file, const json_t *exits)
{
	const json_t *launcher = json_object_get(exits, "launcher"),
		     *driver = json_object_get(exits, "driver"), *last;
	size_t nr = json_array_size(launcher);

	last = nr ? json_array_get(launcher, nr - 1) : NULL;
	fprintf(file, "the last %zu of %lld exits to the launcher, oldest first:\n", nr,
		last ? number(last, "number") + 1 : 0);
	print_exits(file, launcher);
	if (!driver)
		return;
	fprintf(file, "the last %zu VM exits, oldest first:\n", json_array_size(driver));
	print_exits(file, driver);
}
