// SPDX-License-Identifier: GPL-2.0
/* Registers as gdb numbers and describes them. */
#include "gdb_regs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	STATE,
	SELECTOR,
	X87,
	X87_CONTROL,
	X87_TAG,
	XMM,
	MXCSR
};

/**
 * struct reg - one register
 * @name: as gdb has it
 * @type: gdb's type
 * @feature: number of the feature it begins, or 0
 * @size: bytes, for gdb
 * @kind: where it is
 * @at: STATE: offset in struct posada_state; else in the XSAVE area, or a number
 * @bytes: that are there
 */
struct reg {
	const char *name;
	const char *type;
	uint8_t feature;
	uint8_t size;
	uint8_t kind;
	uint16_t at;
	uint8_t bytes;
	uint32_t group;
};

#define AT(field) offsetof(struct posada_state, field)
#define GPR(name, n, size)                                                            \
	{                                                                             \
		name, "int", 0, size, STATE, AT(regs.gpr[n]), size, POSADA_STATE_REGS \
	}
#define SEL(name)                                                              \
	{                                                                      \
#name, "int32", 0, 4, SELECTOR, AT(segments.name.selector), 2, \
			POSADA_STATE_SEGMENTS                                  \
	}
#define ST(n)                                                                          \
	{                                                                              \
		"st" #n, "i387_ext", 0, 10, X87, 32 + 16 * (n), 10, POSADA_STATE_XSAVE \
	}
#define FPU(name, kind, at, bytes)                                     \
	{                                                              \
		name, "int", 0, 4, kind, at, bytes, POSADA_STATE_XSAVE \
	}
#define VEC(n)                                                                         \
	{                                                                              \
		"xmm" #n, "vec128", 0, 16, XMM, 160 + 16 * (n), 16, POSADA_STATE_XSAVE \
	}
#define CTL(name, size)                                                                    \
	{                                                                                  \
#name, "int", 0, size, STATE, AT(control.name), size, POSADA_STATE_CONTROL \
	}

#define FEATURE_CORE	 1
#define FEATURE_SSE	 2
#define FEATURE_SEGMENTS 3
#define FEATURE_SYSTEM	 4

static const char *const features[] = {
	[FEATURE_CORE] = "org.gnu.gdb.i386.core",
	[FEATURE_SSE] = "org.gnu.gdb.i386.sse",
	[FEATURE_SEGMENTS] = "org.gnu.gdb.i386.segments",
	[FEATURE_SYSTEM] = "posada.system",
};

/* SDM 1 10.5.1: FCW, FSW, tags, opcode; addresses in the form without REX.W. */
#define X87_REGISTERS                                                                            \
	ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7), FPU("fctrl", X87_CONTROL, 0, 2), \
		FPU("fstat", X87_CONTROL, 2, 2), FPU("ftag", X87_TAG, 4, 1),                     \
		FPU("fiseg", X87_CONTROL, 12, 2), FPU("fioff", X87_CONTROL, 8, 4),               \
		FPU("foseg", X87_CONTROL, 20, 2), FPU("fooff", X87_CONTROL, 16, 4),              \
		FPU("fop", X87_CONTROL, 6, 2)
#define SELECTORS SEL(cs), SEL(ss), SEL(ds), SEL(es), SEL(fs), SEL(gs)
#define EFLAGS                                                                              \
	{                                                                                   \
		"eflags", "i386_eflags", 0, 4, STATE, AT(regs.rflags), 4, POSADA_STATE_REGS \
	}
#define MXCSR_REG                                                             \
	{                                                                     \
		"mxcsr", "i386_mxcsr", 0, 4, MXCSR, 24, 4, POSADA_STATE_XSAVE \
	}
#define SYSTEM(size)                                                                                \
	{ "cr0", "int", FEATURE_SYSTEM, size, STATE, AT(control.cr0), size, POSADA_STATE_CONTROL }, \
		CTL(cr2, size), CTL(cr3, size), CTL(cr4, size), CTL(cr8, size), CTL(efer, size)

static const struct reg wide_regs[] = {
	{ "rax", "int", FEATURE_CORE, 8, STATE, AT(regs.gpr[0]), 8, POSADA_STATE_REGS },
	GPR("rbx", 3, 8),
	GPR("rcx", 1, 8),
	GPR("rdx", 2, 8),
	GPR("rsi", 6, 8),
	GPR("rdi", 7, 8),
	{ "rbp", "data_ptr", 0, 8, STATE, AT(regs.gpr[5]), 8, POSADA_STATE_REGS },
	{ "rsp", "data_ptr", 0, 8, STATE, AT(regs.gpr[4]), 8, POSADA_STATE_REGS },
	GPR("r8", 8, 8),
	GPR("r9", 9, 8),
	GPR("r10", 10, 8),
	GPR("r11", 11, 8),
	GPR("r12", 12, 8),
	GPR("r13", 13, 8),
	GPR("r14", 14, 8),
	GPR("r15", 15, 8),
	{ "rip", "code_ptr", 0, 8, STATE, AT(regs.rip), 8, POSADA_STATE_REGS },
	EFLAGS,
	SELECTORS,
	X87_REGISTERS,
	{ "xmm0", "vec128", FEATURE_SSE, 16, XMM, 160, 16, POSADA_STATE_XSAVE },
	VEC(1),
	VEC(2),
	VEC(3),
	VEC(4),
	VEC(5),
	VEC(6),
	VEC(7),
	VEC(8),
	VEC(9),
	VEC(10),
	VEC(11),
	VEC(12),
	VEC(13),
	VEC(14),
	VEC(15),
	MXCSR_REG,
	{ "fs_base", "int", FEATURE_SEGMENTS, 8, STATE, AT(segments.fs.base), 8,
	  POSADA_STATE_SEGMENTS },
	{ "gs_base", "int", 0, 8, STATE, AT(segments.gs.base), 8, POSADA_STATE_SEGMENTS },
	SYSTEM(8),
};

static const struct reg narrow_regs[] = {
	{ "eax", "int", FEATURE_CORE, 4, STATE, AT(regs.gpr[0]), 4, POSADA_STATE_REGS },
	GPR("ecx", 1, 4),
	GPR("edx", 2, 4),
	GPR("ebx", 3, 4),
	{ "esp", "data_ptr", 0, 4, STATE, AT(regs.gpr[4]), 4, POSADA_STATE_REGS },
	{ "ebp", "data_ptr", 0, 4, STATE, AT(regs.gpr[5]), 4, POSADA_STATE_REGS },
	GPR("esi", 6, 4),
	GPR("edi", 7, 4),
	{ "eip", "code_ptr", 0, 4, STATE, AT(regs.rip), 4, POSADA_STATE_REGS },
	EFLAGS,
	SELECTORS,
	X87_REGISTERS,
	{ "xmm0", "vec128", FEATURE_SSE, 16, XMM, 160, 16, POSADA_STATE_XSAVE },
	VEC(1),
	VEC(2),
	VEC(3),
	VEC(4),
	VEC(5),
	VEC(6),
	VEC(7),
	MXCSR_REG,
	SYSTEM(4),
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

unsigned int gdb_register_count(bool wide)
{
	return wide ? NR(wide_regs) : NR(narrow_regs);
}

static const struct reg *find(bool wide, unsigned int number)
{
	return wide ? &wide_regs[number] : &narrow_regs[number];
}

unsigned int gdb_register_size(bool wide, unsigned int number)
{
	return number < gdb_register_count(wide) ? find(wide, number)->size : 0;
}

/* ---- the XSAVE area (SDM 1 13.4) ------------------------------------------------------- */

#define XSTATE_BV     512
#define XSAVE_MIN     576
#define COMPONENT_X87 1
#define COMPONENT_SSE 2

/* A component that is not there has its initial values (SDM 1 13.6). */
static bool there(const struct gdb_cpu *cpu, uint8_t component)
{
	return cpu->xsave_size < XSAVE_MIN || cpu->xsave[XSTATE_BV] & component;
}

static void make_there(struct gdb_cpu *cpu, uint8_t component)
{
	static const uint8_t fcw[2] = { 0x7f, 0x03 };

	if (there(cpu, component))
		return;
	cpu->xsave[XSTATE_BV] |= component;
	if (component == COMPONENT_SSE) {
		memset(cpu->xsave + 160, 0, 256);
	} else {
		memset(cpu->xsave, 0, 24);
		memset(cpu->xsave + 32, 0, 128);
		memcpy(cpu->xsave, fcw, sizeof(fcw));
	}
}

/* Two bits a register, by physical number: 3 is empty (SDM 1 8.1.7). */
static uint16_t full_tags(uint8_t abridged)
{
	uint16_t tags = 0;

	for (int i = 0; i < 8; i++)
		if (!(abridged & 1 << i))
			tags |= 3 << 2 * i;
	return tags;
}

static uint8_t abridged_tags(uint16_t tags)
{
	uint8_t abridged = 0;

	for (int i = 0; i < 8; i++)
		if ((tags >> 2 * i & 3) != 3)
			abridged |= 1 << i;
	return abridged;
}

static void get_xsave(const struct gdb_cpu *cpu, const struct reg *reg, uint8_t *value)
{
	uint16_t tags;

	switch (reg->kind) {
	case X87:
	case X87_CONTROL:
		if (there(cpu, COMPONENT_X87))
			memcpy(value, cpu->xsave + reg->at, reg->bytes);
		else if (reg->kind == X87_CONTROL && reg->at == 0)
			memcpy(value, "\x7f\x03", 2);
		break;
	case X87_TAG:
		tags = full_tags(there(cpu, COMPONENT_X87) ? cpu->xsave[reg->at] : 0);
		memcpy(value, &tags, sizeof(tags));
		break;
	case XMM:
		if (there(cpu, COMPONENT_SSE))
			memcpy(value, cpu->xsave + reg->at, reg->bytes);
		break;
	default:
		memcpy(value, cpu->xsave + reg->at, reg->bytes);
	}
}

static void set_xsave(struct gdb_cpu *cpu, const struct reg *reg, const uint8_t *value)
{
	uint16_t tags;

	/* MXCSR is taken whenever there is SSE or AVX state. */
	make_there(cpu, reg->kind == XMM || reg->kind == MXCSR ? COMPONENT_SSE : COMPONENT_X87);
	if (reg->kind == X87_TAG) {
		memcpy(&tags, value, sizeof(tags));
		cpu->xsave[reg->at] = abridged_tags(tags);
	} else {
		memcpy(cpu->xsave + reg->at, value, reg->bytes);
	}
}

/* ---- get and set -------------------------------------------------------------------------- */

void gdb_register_get(const struct gdb_cpu *cpu, unsigned int number,
		      uint8_t value[GDB_REGISTER_MAX])
{
	const struct reg *reg = find(cpu->wide, number);

	memset(value, 0, GDB_REGISTER_MAX);
	if (reg->kind == STATE || reg->kind == SELECTOR)
		memcpy(value, (const uint8_t *)&cpu->state + reg->at, reg->bytes);
	else
		get_xsave(cpu, reg, value);
}

int gdb_register_set(struct gdb_cpu *cpu, unsigned int number,
		     const uint8_t value[GDB_REGISTER_MAX])
{
	const struct reg *reg = find(cpu->wide, number);
	uint8_t now[GDB_REGISTER_MAX];

	gdb_register_get(cpu, number, now);
	if (!memcmp(now, value, reg->size))
		return 0;
	if (reg->kind == SELECTOR)
		return -1;
	if (reg->kind == STATE) {
		uint8_t *at = (uint8_t *)&cpu->state + reg->at;

		/* What gdb does not see of a register that it sets, becomes 0. */
		memset(at, 0, 8);
		memcpy(at, value, reg->bytes);
	} else {
		set_xsave(cpu, reg, value);
	}
	return reg->group;
}

/* ---- the description -------------------------------------------------------------------- */

static void put_flags(FILE *file, const char *id, const char *const names[], unsigned int nr)
{
	fprintf(file, "<flags id=\"%s\" size=\"4\">", id);
	for (unsigned int i = 0; i < nr; i++)
		if (names[i])
			fprintf(file, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", names[i], i,
				i);
	fputs("</flags>", file);
}

static void put_types(FILE *file, uint8_t feature)
{
	static const char *const eflags[] = { "CF", "",	  "PF", NULL,  "AF",  NULL, "ZF", "SF",
					      "TF", "IF", "DF", "OF",  NULL,  NULL, "NT", NULL,
					      "RF", "VM", "AC", "VIF", "VIP", "ID" };
	static const char *const mxcsr[] = { "IE", "DE", "ZE", "OE", "UE", "PE", "DAZ", "IM",
					     "DM", "ZM", "OM", "UM", "PM", NULL, NULL,	"FZ" };

	if (feature == FEATURE_CORE)
		put_flags(file, "i386_eflags", eflags, NR(eflags));
	if (feature != FEATURE_SSE)
		return;
	fputs("<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	      "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	      "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	      "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	      "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	      "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	      "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	      "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	      "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	      "<field name=\"v2_int64\" type=\"v2i64\"/>"
	      "<field name=\"uint128\" type=\"uint128\"/></union>",
	      file);
	put_flags(file, "i386_mxcsr", mxcsr, NR(mxcsr));
}

static void put_register(FILE *file, const struct reg *reg)
{
	const char *type = reg->type;

	if (!strcmp(type, "int"))
		type = reg->size == 8 ? "int64" : "int32";
	fprintf(file, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"%s/>", reg->name, reg->size * 8,
		type, reg->kind == X87_CONTROL || reg->kind == X87_TAG ? " group=\"float\"" : "");
}

char *gdb_target_xml(bool wide)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	fprintf(file,
		"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
		"<target version=\"1.0\"><architecture>%s</architecture>",
		wide ? "i386:x86-64" : "i386");
	for (unsigned int i = 0; i < gdb_register_count(wide); i++) {
		const struct reg *reg = find(wide, i);

		if (reg->feature) {
			fprintf(file, "%s<feature name=\"%s\">", i ? "</feature>" : "",
				features[reg->feature]);
			put_types(file, reg->feature);
		}
		put_register(file, reg);
	}
	fputs("</feature></target>\n", file);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}
