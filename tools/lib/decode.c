// SPDX-License-Identifier: GPL-2.0
/* Decode: instruction bytes to the few facts that emulation needs. */
#include "decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include <linux/posada.h>

static const struct {
	ZydisMnemonic mnemonic;
	enum insn_kind kind;
} kinds[] = {
	{ ZYDIS_MNEMONIC_MOV, INSN_MOV },
	{ ZYDIS_MNEMONIC_MOVNTI, INSN_MOV },
	{ ZYDIS_MNEMONIC_MOVBE, INSN_MOVBE },
	{ ZYDIS_MNEMONIC_MOVZX, INSN_MOVZX },
	{ ZYDIS_MNEMONIC_MOVSX, INSN_MOVSX },
	{ ZYDIS_MNEMONIC_MOVSXD, INSN_MOVSX },
	{ ZYDIS_MNEMONIC_ADD, INSN_ADD },
	{ ZYDIS_MNEMONIC_ADC, INSN_ADC },
	{ ZYDIS_MNEMONIC_SUB, INSN_SUB },
	{ ZYDIS_MNEMONIC_SBB, INSN_SBB },
	{ ZYDIS_MNEMONIC_CMP, INSN_CMP },
	{ ZYDIS_MNEMONIC_AND, INSN_AND },
	{ ZYDIS_MNEMONIC_OR, INSN_OR },
	{ ZYDIS_MNEMONIC_XOR, INSN_XOR },
	{ ZYDIS_MNEMONIC_TEST, INSN_TEST },
	{ ZYDIS_MNEMONIC_INC, INSN_INC },
	{ ZYDIS_MNEMONIC_DEC, INSN_DEC },
	{ ZYDIS_MNEMONIC_NEG, INSN_NEG },
	{ ZYDIS_MNEMONIC_NOT, INSN_NOT },
	{ ZYDIS_MNEMONIC_SHL, INSN_SHL },
	{ ZYDIS_MNEMONIC_SHR, INSN_SHR },
	{ ZYDIS_MNEMONIC_SAR, INSN_SAR },
	{ ZYDIS_MNEMONIC_ROL, INSN_ROL },
	{ ZYDIS_MNEMONIC_ROR, INSN_ROR },
	{ ZYDIS_MNEMONIC_BT, INSN_BT },
	{ ZYDIS_MNEMONIC_BTS, INSN_BTS },
	{ ZYDIS_MNEMONIC_BTR, INSN_BTR },
	{ ZYDIS_MNEMONIC_BTC, INSN_BTC },
	{ ZYDIS_MNEMONIC_XCHG, INSN_XCHG },
	{ ZYDIS_MNEMONIC_XADD, INSN_XADD },
	{ ZYDIS_MNEMONIC_CMPXCHG, INSN_CMPXCHG },
	{ ZYDIS_MNEMONIC_MOVSB, INSN_MOVS },
	{ ZYDIS_MNEMONIC_MOVSW, INSN_MOVS },
	{ ZYDIS_MNEMONIC_MOVSD, INSN_MOVS }, /* or the SSE move: see kind_of() */
	{ ZYDIS_MNEMONIC_MOVSQ, INSN_MOVS },
	{ ZYDIS_MNEMONIC_STOSB, INSN_STOS },
	{ ZYDIS_MNEMONIC_STOSW, INSN_STOS },
	{ ZYDIS_MNEMONIC_STOSD, INSN_STOS },
	{ ZYDIS_MNEMONIC_STOSQ, INSN_STOS },
	{ ZYDIS_MNEMONIC_LODSB, INSN_LODS },
	{ ZYDIS_MNEMONIC_LODSW, INSN_LODS },
	{ ZYDIS_MNEMONIC_LODSD, INSN_LODS },
	{ ZYDIS_MNEMONIC_LODSQ, INSN_LODS },
	{ ZYDIS_MNEMONIC_CMPSB, INSN_CMPS },
	{ ZYDIS_MNEMONIC_CMPSW, INSN_CMPS },
	{ ZYDIS_MNEMONIC_CMPSD, INSN_CMPS }, /* or the SSE comparison */
	{ ZYDIS_MNEMONIC_CMPSQ, INSN_CMPS },
	{ ZYDIS_MNEMONIC_SCASB, INSN_SCAS },
	{ ZYDIS_MNEMONIC_SCASW, INSN_SCAS },
	{ ZYDIS_MNEMONIC_SCASD, INSN_SCAS },
	{ ZYDIS_MNEMONIC_SCASQ, INSN_SCAS },
	{ ZYDIS_MNEMONIC_MOVAPS, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVUPS, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVAPD, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVUPD, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVDQA, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVDQU, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_LDDQU, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVNTPS, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVNTPD, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVNTDQ, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVNTDQA, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVD, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVQ, INSN_VECTOR },
	{ ZYDIS_MNEMONIC_MOVSS, INSN_VECTOR },
};

/* By condition number (SDM 1 appendix B). */
static const ZydisMnemonic sets[16] = {
	ZYDIS_MNEMONIC_SETO, ZYDIS_MNEMONIC_SETNO, ZYDIS_MNEMONIC_SETB,	 ZYDIS_MNEMONIC_SETNB,
	ZYDIS_MNEMONIC_SETZ, ZYDIS_MNEMONIC_SETNZ, ZYDIS_MNEMONIC_SETBE, ZYDIS_MNEMONIC_SETNBE,
	ZYDIS_MNEMONIC_SETS, ZYDIS_MNEMONIC_SETNS, ZYDIS_MNEMONIC_SETP,	 ZYDIS_MNEMONIC_SETNP,
	ZYDIS_MNEMONIC_SETL, ZYDIS_MNEMONIC_SETNL, ZYDIS_MNEMONIC_SETLE, ZYDIS_MNEMONIC_SETNLE,
};

static const ZydisMnemonic cmovs[16] = {
	ZYDIS_MNEMONIC_CMOVO, ZYDIS_MNEMONIC_CMOVNO, ZYDIS_MNEMONIC_CMOVB,  ZYDIS_MNEMONIC_CMOVNB,
	ZYDIS_MNEMONIC_CMOVZ, ZYDIS_MNEMONIC_CMOVNZ, ZYDIS_MNEMONIC_CMOVBE, ZYDIS_MNEMONIC_CMOVNBE,
	ZYDIS_MNEMONIC_CMOVS, ZYDIS_MNEMONIC_CMOVNS, ZYDIS_MNEMONIC_CMOVP,  ZYDIS_MNEMONIC_CMOVNP,
	ZYDIS_MNEMONIC_CMOVL, ZYDIS_MNEMONIC_CMOVNL, ZYDIS_MNEMONIC_CMOVLE, ZYDIS_MNEMONIC_CMOVNLE,
};

static int kind_of(const ZydisDecodedInstruction *z, struct insn *insn)
{
	bool string = z->meta.category == ZYDIS_CATEGORY_STRINGOP;

	if (z->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return -EOPNOTSUPP;
	for (unsigned int i = 0; i < 16; i++) {
		if (z->mnemonic == sets[i] || z->mnemonic == cmovs[i]) {
			insn->kind = z->mnemonic == sets[i] ? INSN_SET : INSN_CMOV;
			insn->condition = i;
			return 0;
		}
	}
	if (z->mnemonic == ZYDIS_MNEMONIC_MOVSD && !string) {
		insn->kind = INSN_VECTOR;
		return 0;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (z->mnemonic != kinds[i].mnemonic)
			continue;
		insn->kind = kinds[i].kind;
		if (insn->kind >= INSN_MOVS && insn->kind <= INSN_SCAS && !string)
			return -EOPNOTSUPP;
		return 0;
	}
	return -EOPNOTSUPP;
}

static int gpr_operand(ZydisRegister reg, struct insn_operand *out)
{
	unsigned int id;

	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_R15B) {
		/* In this class AH, CH, DH, BH come before SPL, BPL, SIL, DIL. */
		id = reg - ZYDIS_REGISTER_AL;
		out->type = id >= 4 && id < 8 ? INSN_REGISTER_HIGH : INSN_REGISTER;
		out->reg = id < 4 ? id : id - 4;
	} else if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15) {
		out->type = INSN_REGISTER;
		out->reg = (reg - ZYDIS_REGISTER_AX) % 16;
	} else if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15) {
		out->type = INSN_XMM;
		out->reg = reg - ZYDIS_REGISTER_XMM0;
	} else {
		return -EOPNOTSUPP;
	}
	return 0;
}

static uint8_t address_register(ZydisRegister reg)
{
	struct insn_operand out;

	return gpr_operand(reg, &out) ? INSN_NO_REGISTER : out.reg;
}

static uint8_t segment_number(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS ? reg - ZYDIS_REGISTER_ES :
								      INSN_DS;
}

static int memory_operand(const ZydisDecodedOperandMem *mem, struct insn *insn)
{
	if (mem->type != ZYDIS_MEMOP_TYPE_MEM)
		return -EOPNOTSUPP;
	insn->segment = segment_number(mem->segment);
	insn->rip_relative = mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP;
	insn->base = address_register(mem->base);
	insn->index = address_register(mem->index);
	insn->scale = mem->scale ? mem->scale : 1;
	insn->displacement = mem->disp.has_displacement ? mem->disp.value : 0;
	return 0;
}

static int operand_of(const ZydisDecodedOperand *z, struct insn *insn, struct insn_operand *out)
{
	if (z->size % 8 || z->size / 8 > 16)
		return -EOPNOTSUPP;
	out->size = z->size / 8;
	switch (z->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return gpr_operand(z->reg.value, out);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		out->type = INSN_MEMORY;
		return memory_operand(&z->mem, insn);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		out->type = INSN_IMMEDIATE;
		insn->immediate = z->imm.value.u;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* The operands of string instructions are implied; only the source's segment can be chosen. */
static void string_operands(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops,
			    struct insn *insn)
{
	insn->segment = INSN_DS;
	insn->size = z->operand_width / 8;
	for (unsigned int i = 0; i < z->operand_count; i++) {
		if (ops[i].type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		insn->size = ops[i].size / 8;
		if (address_register(ops[i].mem.base) == POSADA_RSI)
			insn->segment = segment_number(ops[i].mem.segment);
	}
	/* Both prefixes repeat MOVS, STOS and LODS; the last one counts. */
	for (unsigned int i = 0; i < z->raw.prefix_count; i++) {
		if (z->raw.prefixes[i].value == 0xf3)
			insn->rep = INSN_REP;
		else if (z->raw.prefixes[i].value == 0xf2)
			insn->rep = INSN_REPNE;
	}
}

static int explicit_operands(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops,
			     struct insn *insn)
{
	bool memory = false;

	if (z->operand_count_visible < 1 || z->operand_count_visible > 2)
		return -EOPNOTSUPP;
	for (unsigned int i = 0; i < z->operand_count_visible; i++) {
		int err = operand_of(&ops[i], insn, &insn->operand[i]);

		if (err)
			return err;
		memory |= insn->operand[i].type == INSN_MEMORY;
	}
	insn->size = insn->operand[0].size;
	return memory ? 0 : -EOPNOTSUPP;
}

static bool register_only(const struct insn_operand *operand)
{
	return operand->type == INSN_REGISTER && operand->reg == POSADA_RSP;
}

static void find_needs(struct insn *insn)
{
	bool string = insn->kind >= INSN_MOVS && insn->kind <= INSN_SCAS;
	bool flat = insn->mode == 64;

	if (insn->base == POSADA_RSP || register_only(&insn->operand[0]) ||
	    register_only(&insn->operand[1]))
		insn->needs |= INSN_RSP;
	if (register_only(&insn->operand[0]) ||
	    (register_only(&insn->operand[1]) &&
	     (insn->kind == INSN_XCHG || insn->kind == INSN_XADD)))
		insn->changes |= INSN_RSP;
	if (insn->segment == INSN_FS || insn->segment == INSN_GS ||
	    (insn->segment == INSN_SS && !flat))
		insn->needs |= INSN_SEGMENTS;
	if (string)
		return;
	if (insn->operand[0].type == INSN_XMM)
		insn->changes |= INSN_XMMS;
	if (insn->operand[0].type == INSN_XMM || insn->operand[1].type == INSN_XMM)
		insn->needs |= INSN_XMMS;
}

static int machine_mode(unsigned int mode, ZydisDecoder *decoder)
{
	ZydisMachineMode machine;
	ZydisStackWidth stack;

	switch (mode) {
	case 16:
		machine = ZYDIS_MACHINE_MODE_LEGACY_16;
		stack = ZYDIS_STACK_WIDTH_16;
		break;
	case 32:
		machine = ZYDIS_MACHINE_MODE_LEGACY_32;
		stack = ZYDIS_STACK_WIDTH_32;
		break;
	case 64:
		machine = ZYDIS_MACHINE_MODE_LONG_64;
		stack = ZYDIS_STACK_WIDTH_64;
		break;
	default:
		return -EINVAL;
	}
	return ZYAN_SUCCESS(ZydisDecoderInit(decoder, machine, stack)) ? 0 : -EINVAL;
}

int insn_decode(const uint8_t *bytes, size_t len, unsigned int mode, struct insn *insn)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisDecoder decoder;
	ZyanStatus status;
	int err = machine_mode(mode, &decoder);

	if (err)
		return err;
	status = ZydisDecoderDecodeFull(&decoder, bytes, len, &z, ops);
	if (status == ZYDIS_STATUS_NO_MORE_DATA)
		return -ENODATA;
	if (!ZYAN_SUCCESS(status))
		return -EILSEQ;
	*insn = (struct insn){
		.length = z.length,
		.mode = mode,
		.address_size = z.address_width / 8,
		.base = INSN_NO_REGISTER,
		.index = INSN_NO_REGISTER,
		.scale = 1,
	};
	err = kind_of(&z, insn);
	if (err)
		return err;
	if (insn->kind >= INSN_MOVS && insn->kind <= INSN_SCAS)
		string_operands(&z, ops, insn);
	else
		err = explicit_operands(&z, ops, insn);
	if (err)
		return err;
	find_needs(insn);
	return 0;
}

void insn_text(const uint8_t *bytes, size_t len, unsigned int mode, uint64_t rip, char *text,
	       size_t size)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisFormatter formatter;
	ZydisDecoder decoder;
	size_t at = 0;

	if (!machine_mode(mode, &decoder) &&
	    ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, len, &z, ops)) &&
	    ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)) &&
	    ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
		    &formatter, &z, ops, z.operand_count_visible, text, size, rip, NULL)))
		return;
	at += snprintf(text, size, "bytes");
	for (size_t i = 0; i < len && i < INSN_MAX_LENGTH && at + 4 <= size; i++)
		at += snprintf(text + at, size - at, " %02x", bytes[i]);
}

int insn_cache_decode(struct insn_cache *cache, uint64_t rip, const uint8_t *bytes, size_t len,
		      unsigned int mode, const struct insn **insn)
{
	unsigned int slot = (rip ^ rip >> 6) % INSN_CACHE_ENTRIES;
	struct insn *cached = &cache->entry[slot].insn;
	struct insn fresh;
	int err;

	*insn = cached;
	if (cached->length && cached->length <= len && cached->mode == mode &&
	    !memcmp(cache->entry[slot].bytes, bytes, cached->length))
		return 0;
	err = insn_decode(bytes, len, mode, &fresh);
	if (err)
		return err;
	memcpy(cache->entry[slot].bytes, bytes, fresh.length);
	*cached = fresh;
	return 0;
}
