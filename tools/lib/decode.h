/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decode: instruction bytes to the few facts that emulation needs.
 *
 * Zydis does the decoding; this cuts its answer down to the instructions that
 * compilers and kernels use on device memory.  emulate.h executes them.  Pure.
 */
#ifndef POSADA_DECODE_H
#define POSADA_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX_LENGTH 15

enum insn_kind {
	INSN_MOV, /* also MOVNTI, and MOV with an absolute offset */
	INSN_MOVBE,
	INSN_MOVZX,
	INSN_MOVSX, /* also MOVSXD */
	INSN_ADD,
	INSN_ADC,
	INSN_SUB,
	INSN_SBB,
	INSN_CMP,
	INSN_AND,
	INSN_OR,
	INSN_XOR,
	INSN_TEST,
	INSN_INC,
	INSN_DEC,
	INSN_NEG,
	INSN_NOT,
	INSN_SHL,
	INSN_SHR,
	INSN_SAR,
	INSN_ROL,
	INSN_ROR,
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	INSN_SET,  /* SETcc */
	INSN_CMOV, /* CMOVcc */
	INSN_MOVS,
	INSN_STOS,
	INSN_LODS,
	INSN_CMPS,
	INSN_SCAS,
	INSN_VECTOR, /* moves of an XMM register, without AVX */
	INSN_KINDS
};

/* Segments by number in instruction encodings (SDM 2A 2.1.5). */
#define INSN_ES 0
#define INSN_CS 1
#define INSN_SS 2
#define INSN_DS 3
#define INSN_FS 4
#define INSN_GS 5

enum insn_operand_type {
	INSN_NO_OPERAND,
	INSN_REGISTER,
	INSN_REGISTER_HIGH, /* AH, CH, DH, BH: @reg is 0..3 */
	INSN_XMM,
	INSN_MEMORY,
	INSN_IMMEDIATE,
};

/**
 * struct insn_operand - one explicit operand
 * @type: enum insn_operand_type
 * @reg: register number
 * @size: bytes
 */
struct insn_operand {
	uint8_t type;
	uint8_t reg;
	uint8_t size;
};

/* insn.rep */
#define INSN_REP	 1 /* REP, REPE */
#define INSN_REPNE	 2

/* insn.needs, insn.changes: state that is not at hand in the run page */
#define INSN_RSP	 (1U << 0)
#define INSN_SEGMENTS	 (1U << 1) /* the base of SS, FS or GS */
#define INSN_XMMS	 (1U << 2)

#define INSN_NO_REGISTER 0xff

/**
 * struct insn - one instruction
 * @kind: enum insn_kind
 * @length: bytes
 * @mode: 16, 32 or 64: the code segment's
 * @size: operand size in bytes
 * @address_size: 2, 4 or 8
 * @rep: 0, INSN_REP or INSN_REPNE
 * @condition: SETcc, CMOVcc: the condition's number (SDM 1 appendix B)
 * @needs: INSN_RSP | INSN_SEGMENTS | INSN_XMMS: what the caller has to fetch
 * @changes: INSN_RSP | INSN_XMMS: what the caller has to put back
 * @operand: destination, source
 * @base: register of the memory operand, or INSN_NO_REGISTER
 * @index: register of the memory operand, or INSN_NO_REGISTER
 * @scale: 1, 2, 4 or 8
 * @segment: of the memory operand, or of the source of a string instruction
 * @rip_relative: the displacement counts from the next instruction
 * @displacement: of the memory operand
 * @immediate: sign-extended
 */
struct insn {
	uint8_t kind;
	uint8_t length;
	uint8_t mode;
	uint8_t size;
	uint8_t address_size;
	uint8_t rep;
	uint8_t condition;
	uint8_t needs;
	uint8_t changes;
	struct insn_operand operand[2];
	uint8_t base;
	uint8_t index;
	uint8_t scale;
	uint8_t segment;
	bool rip_relative;
	int64_t displacement;
	uint64_t immediate;
};

/**
 * insn_decode() - decode one instruction
 * @bytes: instruction bytes
 * @len: how many are at hand; more than INSN_MAX_LENGTH is no use
 * @mode: 16, 32 or 64
 * @insn: out
 *
 * Return: 0; -ENODATA (needs more bytes than @len); -EILSEQ (no instruction);
 * -EOPNOTSUPP (an instruction, but not one that is emulated: see insn_text()).
 */
int insn_decode(const uint8_t *bytes, size_t len, unsigned int mode, struct insn *insn);

/**
 * insn_text() - an instruction in assembler, for messages
 * @bytes: instruction bytes
 * @len: how many
 * @mode: 16, 32 or 64
 * @rip: its address
 * @text: out: never empty; the bytes in hex if they are no instruction
 * @size: of @text
 */
void insn_text(const uint8_t *bytes, size_t len, unsigned int mode, uint64_t rip, char *text,
	       size_t size);

/* ---- cache -------------------------------------------------------------- */

#define INSN_CACHE_ENTRIES 64

/**
 * struct insn_cache - what was decoded lately, by its bytes
 * @entry: each with the bytes that it was decoded from
 *
 * A driver touches its device with few instructions, and decoding costs more
 * than executing.  An entry is valid for ever: it depends on nothing but the
 * bytes and the mode.  All zero is an empty cache.
 */
struct insn_cache {
	struct {
		uint8_t bytes[INSN_MAX_LENGTH];
		struct insn insn;
	} entry[INSN_CACHE_ENTRIES];
};

/**
 * insn_cache_decode() - as insn_decode(), faster the second time
 * @cache: the cache
 * @rip: any number that differs between instructions
 * @bytes: instruction bytes
 * @len: how many
 * @mode: 16, 32 or 64
 * @insn: out: points into @cache, until the next call
 */
int insn_cache_decode(struct insn_cache *cache, uint64_t rip, const uint8_t *bytes, size_t len,
		      unsigned int mode, const struct insn **insn);

#endif /* POSADA_DECODE_H */
