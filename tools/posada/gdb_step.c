// SPDX-License-Identifier: GPL-2.0
/* Instructions that RFLAGS.TF does not step. */
#include "gdb_step.h"

#include <string.h>

#define CR0_PE	   (1ULL << 0)
#define EFER_SCE   (1ULL << 0)
#define EFER_LMA   (1ULL << 10)
#define RFLAGS_VM  (1ULL << 17)
#define ACCESS_L   (1U << 13)
#define ACCESS_D   (1U << 14)
#define DPL(ar)	   ((ar) >> 5 & 3)
#define VECTOR_NP  11
#define VECTOR_GP  13
#define INSN_BYTES 15

/**
 * struct insn - the instruction, as far as it matters here
 * @mode: 16, 32 or 64
 * @length: of prefixes and opcode
 * @operand: bytes of an operand
 * @opcode: first byte, or 0F00h | second
 * @next: the byte behind it
 */
struct insn {
	unsigned int mode;
	unsigned int length;
	unsigned int operand;
	unsigned int opcode;
	uint8_t next;
};

static unsigned int mode_of(const struct posada_state *state)
{
	if (state->control.efer & EFER_LMA && state->segments.cs.access & ACCESS_L)
		return 64;
	if (!(state->control.cr0 & CR0_PE) || state->regs.rflags & RFLAGS_VM)
		return 16;
	return state->segments.cs.access & ACCESS_D ? 32 : 16;
}

/* Outside 64-bit mode linear addresses have 32 bits. */
static uint64_t linear(const struct insn *insn, uint64_t base, uint64_t offset)
{
	return insn->mode == 64 ? offset : (uint32_t)(base + offset);
}

/* SDM 2A 2.1.1, 2.2.1 */
static bool parse(const uint8_t *bytes, size_t len, struct insn *insn)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
					    0x66, 0x67, 0xf0, 0xf2, 0xf3 };
	bool small = false, wide = false;
	size_t at = 0;

	for (; at < len && memchr(prefixes, bytes[at], sizeof(prefixes)); at++)
		small |= bytes[at] == 0x66;
	if (at < len && insn->mode == 64 && (bytes[at] & 0xf0) == 0x40)
		wide = bytes[at++] & 8;
	if (at + 1 >= len)
		return false;
	insn->opcode = bytes[at++];
	if (insn->opcode == 0x0f)
		insn->opcode = 0x0f00 | bytes[at++];
	insn->next = at < len ? bytes[at] : 0;
	insn->length = at;
	insn->operand = insn->mode == 16 ? 2 : 4;
	if (small)
		insn->operand ^= 6; /* the other of the two */
	if (wide)
		insn->operand = 8;
	return true;
}

static bool read_number(const struct gdb_memory *memory, uint64_t address, unsigned int size,
			uint64_t *value)
{
	*value = 0;
	return gdb_read_memory(memory, address, value, size) == size;
}

/* ---- INT n ------------------------------------------------------------------------------ */

static bool real_handler(const struct gdb_memory *memory, const struct posada_state *state,
			 uint8_t vector, uint64_t *target)
{
	uint64_t entry;

	if (!read_number(memory, state->segments.idtr.base + vector * 4, 4, &entry))
		return false;
	*target = ((entry >> 16 & 0xffff) << 4) + (entry & 0xffff);
	return true;
}

/* A gate of IA-32e mode has 16 bytes, another 8 (SDM 3A figures 6-2 and 6-8). */
static bool gate(const struct gdb_memory *memory, const struct posada_state *state, uint8_t vector,
		 uint64_t *low, uint64_t *high)
{
	unsigned int size = state->control.efer & EFER_LMA ? 16 : 8;
	uint64_t address = state->segments.idtr.base + vector * size;

	*high = 0;
	return vector * size + size - 1 <= state->segments.idtr.limit &&
	       read_number(memory, address, 8, low) &&
	       (size == 8 || read_number(memory, address + 8, 8, high));
}

static bool handler(const struct gdb_memory *memory, const struct posada_state *state,
		    uint8_t vector, bool software, uint64_t *target)
{
	uint64_t low, high;
	unsigned int type;

	if (!gate(memory, state, vector, &low, &high))
		return software && handler(memory, state, VECTOR_GP, false, target);
	if (software && DPL(state->segments.ss.access) > (low >> 45 & 3))
		return handler(memory, state, VECTOR_GP, false, target);
	if (!(low >> 47 & 1))
		return software && handler(memory, state, VECTOR_NP, false, target);
	type = low >> 40 & 0xf;
	if (type != 0xe && type != 0xf)
		return false; /* a task gate, or of a 286 */
	*target = (low & 0xffff) | (low >> 32 & 0xffff0000) | high << 32;
	return true;
}

static bool int_n(const struct gdb_memory *memory, const struct posada_state *state,
		  const struct insn *insn, uint64_t *target)
{
	if (!(state->control.cr0 & CR0_PE))
		return real_handler(memory, state, insn->next, target);
	if (state->regs.rflags & RFLAGS_VM)
		return false;
	return handler(memory, state, insn->next, true, target);
}

/* ---- the others ---------------------------------------------------------------------------- */

static bool iret(const struct gdb_memory *memory, const struct posada_state *state,
		 const struct insn *insn, uint64_t *target)
{
	uint64_t rsp = state->regs.gpr[POSADA_RSP], rip, cs;

	if (insn->mode == 16 && !(state->control.cr0 & CR0_PE))
		rsp &= 0xffff;
	if (!read_number(memory, linear(insn, state->segments.ss.base, rsp), insn->operand, &rip) ||
	    !read_number(memory, linear(insn, state->segments.ss.base, rsp + insn->operand), 2,
			 &cs))
		return false;
	/* Of another segment the base is in a table; kernels have 0 in it. */
	if (!(state->control.cr0 & CR0_PE))
		*target = (cs << 4) + rip;
	else
		*target = insn->mode == 64 ? rip : linear(insn, state->segments.cs.base, rip);
	return true;
}

static bool go_behind(const struct posada_state *state, const struct insn *insn, uint64_t *target)
{
	*target = linear(insn, state->segments.cs.base, state->regs.rip + insn->length);
	return true;
}

bool gdb_step_target(const struct gdb_memory *memory, const struct posada_state *state,
		     uint64_t lstar, uint64_t *target)
{
	struct insn insn = { .mode = mode_of(state) };
	struct gdb_memory virtual = *memory;
	uint8_t bytes[INSN_BYTES];
	size_t got;

	virtual.physical = false;
	got = gdb_read_memory(&virtual, linear(&insn, state->segments.cs.base, state->regs.rip),
			      bytes, sizeof(bytes));
	if (!parse(bytes, got, &insn))
		return false;
	switch (insn.opcode) {
	case 0x9c: /* PUSHF */
	case 0x9d: /* POPF */
		return go_behind(state, &insn, target);
	case 0xcd:
		return int_n(&virtual, state, &insn, target);
	case 0xcf:
		return iret(&virtual, state, &insn, target);
	case 0x0f05: /* SYSCALL */
		*target = lstar;
		return insn.mode == 64 && state->control.efer & EFER_SCE;
	case 0x0f07: /* SYSRET */
		*target = state->regs.gpr[POSADA_RCX];
		if (insn.operand != 8)
			*target = (uint32_t)*target;
		return insn.mode == 64 && state->control.efer & EFER_SCE;
	default:
		return false;
	}
}
