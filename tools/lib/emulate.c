// SPDX-License-Identifier: GPL-2.0
/* Emulate: execute a decoded instruction on values. */
#include "emulate.h"

#include <string.h>

#include <linux/posada.h>

#define CF	     (1ULL << 0)
#define PF	     (1ULL << 2)
#define AF	     (1ULL << 4)
#define ZF	     (1ULL << 6)
#define TF	     (1ULL << 8)
#define SF	     (1ULL << 7)
#define DF	     (1ULL << 10)
#define OF	     (1ULL << 11)
#define STATUS_FLAGS (CF | PF | AF | ZF | SF | OF)

/* ---- values and flags ---------------------------------------------------- */

static uint64_t mask_of(unsigned int size)
{
	return size >= 8 ? ~0ULL : (1ULL << (size * 8)) - 1;
}

static uint64_t sign_bit(unsigned int size)
{
	return 1ULL << (size * 8 - 1);
}

static uint64_t sign_extend(uint64_t value, unsigned int size)
{
	unsigned int shift = 64 - size * 8;

	return (uint64_t)((int64_t)(value << shift) >> shift);
}

static uint64_t flag(bool set, uint64_t bit)
{
	return set ? bit : 0;
}

/* ZF, SF and PF of a result. */
static uint64_t result_flags(uint64_t r, unsigned int size)
{
	return flag(!(r & mask_of(size)), ZF) | flag(r & sign_bit(size), SF) |
	       flag(!__builtin_parity(r & 0xff), PF);
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry, unsigned int size, uint64_t *flags)
{
	uint64_t r = a + b + carry;
	uint64_t top = sign_bit(size);

	*flags = result_flags(r, size) | flag(((a & b) | ((a | b) & ~r)) & top, CF) |
		 flag((a ^ r) & (b ^ r) & top, OF) | flag((a ^ b ^ r) & 0x10, AF);
	return r;
}

static uint64_t subtract(uint64_t a, uint64_t b, uint64_t borrow, unsigned int size,
			 uint64_t *flags)
{
	uint64_t r = a - b - borrow;
	uint64_t top = sign_bit(size);

	*flags = result_flags(r, size) | flag(((~a & b) | ((~a | b) & r)) & top, CF) |
		 flag((a ^ b) & (a ^ r) & top, OF) | flag((a ^ b ^ r) & 0x10, AF);
	return r;
}

static uint64_t logic(uint64_t r, unsigned int size, uint64_t *flags)
{
	*flags = result_flags(r, size);
	return r;
}

/* The count is masked but not 0.  OF is as for a count of 1: it is undefined for others. */
static uint64_t shift(unsigned int kind, uint64_t a, unsigned int count, unsigned int size,
		      uint64_t *flags)
{
	unsigned int width = size * 8;
	uint64_t top = sign_bit(size), r, carry;

	a &= mask_of(size);
	if (kind == INSN_SHL) {
		carry = count <= width ? a >> (width - count) & 1 : 0;
		r = count < 64 ? a << count : 0;
		*flags = flag(!!(r & top) != !!carry, OF);
	} else if (kind == INSN_SHR) {
		carry = count <= width ? a >> (count - 1) & 1 : 0;
		r = count < width ? a >> count : 0;
		*flags = flag(a & top, OF);
	} else {
		int64_t s = (int64_t)sign_extend(a, size);

		carry = s >> (count - 1 < 63 ? count - 1 : 63) & 1;
		r = (uint64_t)(s >> (count < 63 ? count : 63));
		*flags = 0;
	}
	*flags |= result_flags(r, size) | flag(carry, CF);
	return r;
}

static uint64_t rotate(bool left, uint64_t a, unsigned int count, unsigned int size,
		       uint64_t *flags)
{
	unsigned int width = size * 8, n = count % width;
	uint64_t top = sign_bit(size), r;

	a &= mask_of(size);
	if (!left)
		n = (width - n) % width;
	r = n ? (a << n | a >> (width - n)) & mask_of(size) : a;
	if (left)
		*flags = flag(r & 1, CF) | flag(!!(r & top) != (r & 1), OF);
	else
		*flags = flag(r & top, CF) | flag(!!(r & top) != !!(r & (top >> 1)), OF);
	return r;
}

static bool condition(unsigned int number, uint64_t f)
{
	bool less = !!(f & SF) != !!(f & OF);
	bool yes;

	switch (number >> 1) {
	case 0:
		yes = f & OF;
		break;
	case 1:
		yes = f & CF;
		break;
	case 2:
		yes = f & ZF;
		break;
	case 3:
		yes = f & (CF | ZF);
		break;
	case 4:
		yes = f & SF;
		break;
	case 5:
		yes = f & PF;
		break;
	case 6:
		yes = less;
		break;
	default:
		yes = less || f & ZF;
		break;
	}
	return yes != (number & 1);
}

/* ---- operands ------------------------------------------------------------- */

static uint64_t register_get(const struct emulate_cpu *cpu, const struct insn_operand *op)
{
	uint64_t value = cpu->gpr[op->reg];

	if (op->type == INSN_REGISTER_HIGH)
		value >>= 8;
	return value & mask_of(op->size);
}

static void register_set(struct emulate_cpu *cpu, const struct insn_operand *op, uint64_t value)
{
	uint64_t *reg = &cpu->gpr[op->reg];

	if (op->type == INSN_REGISTER_HIGH)
		*reg = (*reg & ~0xff00ULL) | (value & 0xff) << 8;
	else if (op->size >= 4)
		*reg = value & mask_of(op->size); /* 32-bit results clear the upper half */
	else
		*reg = (*reg & ~mask_of(op->size)) | (value & mask_of(op->size));
}

static uint64_t segment_base(const struct insn *insn, const struct emulate_cpu *cpu,
			     unsigned int segment)
{
	if (insn->mode == 64 && segment != INSN_FS && segment != INSN_GS)
		return 0;
	return cpu->base[segment];
}

static uint64_t linear(const struct insn *insn, const struct emulate_cpu *cpu, unsigned int segment,
		       uint64_t offset)
{
	uint64_t address =
		segment_base(insn, cpu, segment) + (offset & mask_of(insn->address_size));

	return insn->mode == 64 ? address : address & 0xffffffff;
}

static uint64_t effective_offset(const struct insn *insn, const struct emulate_cpu *cpu)
{
	uint64_t offset = (uint64_t)insn->displacement;

	if (insn->base != INSN_NO_REGISTER)
		offset += cpu->gpr[insn->base];
	if (insn->index != INSN_NO_REGISTER)
		offset += cpu->gpr[insn->index] * insn->scale;
	if (insn->rip_relative)
		offset += cpu->rip + insn->length;
	return offset;
}

/* ---- one instruction -------------------------------------------------------- */

/* What a row of the table below works on. */
struct step {
	const struct insn *insn;
	struct emulate_cpu *cpu;
	const struct emulate_bus *bus;
	uint64_t address; /* of the memory operand */
};

static int load(const struct step *s, unsigned int size, uint64_t *value, bool rmw)
{
	*value = 0;
	return s->bus->read(s->bus->context, s->address, value, size, rmw);
}

static int store(const struct step *s, unsigned int size, uint64_t value)
{
	return s->bus->write(s->bus->context, s->address, &value, size);
}

static int operand_get(const struct step *s, unsigned int nr, uint64_t *value, bool rmw)
{
	const struct insn_operand *op = &s->insn->operand[nr];

	if (op->type == INSN_MEMORY)
		return load(s, op->size, value, rmw);
	*value = op->type == INSN_IMMEDIATE ? s->insn->immediate & mask_of(s->insn->size) :
					      register_get(s->cpu, op);
	return 0;
}

static int operand_set(const struct step *s, unsigned int nr, uint64_t value)
{
	const struct insn_operand *op = &s->insn->operand[nr];

	if (op->type == INSN_MEMORY)
		return store(s, op->size, value);
	register_set(s->cpu, op, value);
	return 0;
}

static void flags_set(const struct step *s, uint64_t which, uint64_t flags)
{
	s->cpu->rflags = (s->cpu->rflags & ~which) | (flags & which);
}

static uint64_t byte_swap(uint64_t value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - size * 8);
}

static int do_move(const struct step *s)
{
	const struct insn *insn = s->insn;
	uint64_t value;
	int ret = operand_get(s, 1, &value, false);

	if (ret)
		return ret;
	if (insn->kind == INSN_MOVSX)
		value = sign_extend(value, insn->operand[1].size);
	else if (insn->kind == INSN_MOVBE)
		value = byte_swap(value, insn->size);
	return operand_set(s, 0, value);
}

static int do_arithmetic(const struct step *s)
{
	const struct insn *insn = s->insn;
	bool writes = insn->kind != INSN_CMP && insn->kind != INSN_TEST;
	uint64_t a, b, r, flags, carry = s->cpu->rflags & CF;
	unsigned int size = insn->size;
	int ret = operand_get(s, 0, &a, writes);

	if (!ret)
		ret = operand_get(s, 1, &b, false);
	if (ret)
		return ret;
	switch (insn->kind) {
	case INSN_ADD:
		r = add(a, b, 0, size, &flags);
		break;
	case INSN_ADC:
		r = add(a, b, carry, size, &flags);
		break;
	case INSN_SBB:
		r = subtract(a, b, carry, size, &flags);
		break;
	case INSN_SUB:
	case INSN_CMP:
		r = subtract(a, b, 0, size, &flags);
		break;
	case INSN_OR:
		r = logic(a | b, size, &flags);
		break;
	case INSN_XOR:
		r = logic(a ^ b, size, &flags);
		break;
	default: /* AND, TEST */
		r = logic(a & b, size, &flags);
		break;
	}
	if (writes)
		ret = operand_set(s, 0, r);
	if (!ret)
		flags_set(s, STATUS_FLAGS, flags);
	return ret;
}

static int do_unary(const struct step *s)
{
	uint64_t a, r, flags, which = STATUS_FLAGS;
	unsigned int size = s->insn->size;
	int ret = operand_get(s, 0, &a, true);

	if (ret)
		return ret;
	switch (s->insn->kind) {
	case INSN_INC:
		r = add(a, 1, 0, size, &flags);
		which &= ~CF;
		break;
	case INSN_DEC:
		r = subtract(a, 1, 0, size, &flags);
		which &= ~CF;
		break;
	case INSN_NEG:
		r = subtract(0, a, 0, size, &flags);
		break;
	default: /* NOT */
		r = ~a;
		flags = 0;
		which = 0;
		break;
	}
	ret = operand_set(s, 0, r);
	if (!ret)
		flags_set(s, which, flags);
	return ret;
}

static int do_shift(const struct step *s)
{
	const struct insn *insn = s->insn;
	unsigned int count, size = insn->size;
	uint64_t a, b, r, flags;
	int ret = operand_get(s, 0, &a, true);

	if (!ret)
		ret = operand_get(s, 1, &b, false);
	if (ret)
		return ret;
	count = b & (size == 8 ? 63 : 31);
	if (!count)
		return operand_set(s, 0, a);
	if (insn->kind == INSN_ROL || insn->kind == INSN_ROR)
		r = rotate(insn->kind == INSN_ROL, a, count, size, &flags);
	else
		r = shift(insn->kind, a, count, size, &flags);
	ret = operand_set(s, 0, r);
	if (!ret)
		flags_set(s, insn->kind >= INSN_ROL ? CF | OF : STATUS_FLAGS, flags);
	return ret;
}

/* With the bit number in a register the operand is a bit string in memory. */
static int do_bit(const struct step *s)
{
	const struct insn *insn = s->insn;
	unsigned int width = insn->size * 8;
	struct step at = *s;
	uint64_t number, a, bit;
	int ret = operand_get(s, 1, &number, false);

	if (ret)
		return ret;
	if (insn->operand[1].type == INSN_REGISTER) {
		int64_t index = (int64_t)sign_extend(number, insn->size);
		int64_t word = index >= 0 ? index / width : -((-(index + 1)) / width) - 1;

		at.address = linear(insn, s->cpu, insn->segment,
				    effective_offset(insn, s->cpu) + (uint64_t)(word * insn->size));
	}
	bit = 1ULL << (number % width);
	ret = load(&at, insn->size, &a, insn->kind != INSN_BT);
	if (ret)
		return ret;
	if (insn->kind == INSN_BTS)
		ret = store(&at, insn->size, a | bit);
	else if (insn->kind == INSN_BTR)
		ret = store(&at, insn->size, a & ~bit);
	else if (insn->kind == INSN_BTC)
		ret = store(&at, insn->size, a ^ bit);
	if (!ret)
		flags_set(s, CF, flag(a & bit, CF));
	return ret;
}

/* The memory operand may be either one of XCHG; the other is a register. */
static int do_exchange(const struct step *s)
{
	const struct insn *insn = s->insn;
	unsigned int mem = insn->operand[0].type == INSN_MEMORY ? 0 : 1;
	uint64_t a, b, r, flags = 0;
	int ret = operand_get(s, mem, &a, true);

	if (!ret)
		ret = operand_get(s, !mem, &b, false);
	if (ret)
		return ret;
	r = insn->kind == INSN_XADD ? add(a, b, 0, insn->size, &flags) : b;
	ret = operand_set(s, mem, r);
	if (ret)
		return ret;
	operand_set(s, !mem, a);
	if (insn->kind == INSN_XADD)
		flags_set(s, STATUS_FLAGS, flags);
	return 0;
}

static int do_compare_exchange(const struct step *s)
{
	const struct insn_operand rax = { INSN_REGISTER, POSADA_RAX, s->insn->size };
	uint64_t old, new, expected = register_get(s->cpu, &rax), flags;
	int ret = operand_get(s, 0, &old, true);

	if (!ret)
		ret = operand_get(s, 1, &new, false);
	if (ret)
		return ret;
	subtract(expected, old, 0, s->insn->size, &flags);
	/* The bus sees a write either way, as with LOCK on a CPU. */
	ret = operand_set(s, 0, flags & ZF ? new : old);
	if (ret)
		return ret;
	if (!(flags & ZF))
		register_set(s->cpu, &rax, old);
	flags_set(s, STATUS_FLAGS, flags);
	return 0;
}

static int do_condition(const struct step *s)
{
	bool yes = condition(s->insn->condition, s->cpu->rflags);
	uint64_t value;
	int ret;

	if (s->insn->kind == INSN_SET)
		return operand_set(s, 0, yes);
	ret = operand_get(s, 1, &value, false); /* read even if it does not move */
	if (ret)
		return ret;
	if (!yes)
		value = register_get(s->cpu, &s->insn->operand[0]);
	return operand_set(s, 0, value);
}

/* Loads clear the rest of the register, stores write its low bytes. */
static int do_vector(const struct step *s)
{
	const struct insn *insn = s->insn;
	uint8_t value[16] = { 0 };
	int ret;

	if (insn->operand[0].type == INSN_MEMORY)
		return s->bus->write(s->bus->context, s->address, s->cpu->xmm[insn->operand[1].reg],
				     insn->operand[0].size);
	ret = s->bus->read(s->bus->context, s->address, value, insn->operand[1].size, false);
	if (!ret)
		memcpy(s->cpu->xmm[insn->operand[0].reg], value, sizeof(value));
	return ret;
}

/* ---- string instructions ----------------------------------------------------- */

static uint64_t count_get(const struct insn *insn, const struct emulate_cpu *cpu)
{
	return cpu->gpr[POSADA_RCX] & mask_of(insn->address_size);
}

static void advance(const struct insn *insn, struct emulate_cpu *cpu, unsigned int reg, uint64_t by)
{
	struct insn_operand op = { INSN_REGISTER, reg, insn->address_size };

	register_set(cpu, &op, cpu->gpr[reg] + by);
}

static int string_round(const struct step *s)
{
	const struct insn *insn = s->insn;
	const struct insn_operand rax = { INSN_REGISTER, POSADA_RAX, insn->size };
	bool from = insn->kind == INSN_MOVS || insn->kind == INSN_LODS || insn->kind == INSN_CMPS;
	bool to = insn->kind != INSN_LODS;
	struct step source = *s, target = *s;
	uint64_t a = register_get(s->cpu, &rax), b, flags;
	uint64_t by = s->cpu->rflags & DF ? -(uint64_t)insn->size : insn->size;
	int ret = 0;

	source.address = linear(insn, s->cpu, insn->segment, s->cpu->gpr[POSADA_RSI]);
	target.address = linear(insn, s->cpu, INSN_ES, s->cpu->gpr[POSADA_RDI]);
	if (from)
		ret = load(&source, insn->size, &a, false);
	if (ret)
		return ret;
	if (insn->kind == INSN_MOVS || insn->kind == INSN_STOS)
		ret = store(&target, insn->size, a);
	else if (insn->kind == INSN_CMPS || insn->kind == INSN_SCAS)
		ret = load(&target, insn->size, &b, false);
	if (ret)
		return ret;
	if (insn->kind == INSN_LODS)
		register_set(s->cpu, &rax, a);
	if (insn->kind == INSN_CMPS || insn->kind == INSN_SCAS) {
		subtract(a, b, 0, insn->size, &flags);
		flags_set(s, STATUS_FLAGS, flags);
	}
	if (from)
		advance(insn, s->cpu, POSADA_RSI, by);
	if (to)
		advance(insn, s->cpu, POSADA_RDI, by);
	return 0;
}

static int do_string(const struct step *s)
{
	const struct insn *insn = s->insn;
	bool compares = insn->kind == INSN_CMPS || insn->kind == INSN_SCAS;

	if (!insn->rep)
		return string_round(s);
	for (unsigned int round = 0; count_get(insn, s->cpu); round++) {
		int ret;

		if (round == EMULATE_ROUNDS || (round && s->cpu->rflags & TF))
			return EMULATE_AGAIN;
		ret = string_round(s);
		if (ret)
			return ret;
		advance(insn, s->cpu, POSADA_RCX, -1ULL);
		if (compares && !!(s->cpu->rflags & ZF) != (insn->rep == INSN_REP))
			break;
	}
	return EMULATE_DONE;
}

static int (*const rows[INSN_KINDS])(const struct step *s) = {
	[INSN_MOV] = do_move,
	[INSN_MOVBE] = do_move,
	[INSN_MOVZX] = do_move,
	[INSN_MOVSX] = do_move,
	[INSN_ADD] = do_arithmetic,
	[INSN_ADC] = do_arithmetic,
	[INSN_SUB] = do_arithmetic,
	[INSN_SBB] = do_arithmetic,
	[INSN_CMP] = do_arithmetic,
	[INSN_AND] = do_arithmetic,
	[INSN_OR] = do_arithmetic,
	[INSN_XOR] = do_arithmetic,
	[INSN_TEST] = do_arithmetic,
	[INSN_INC] = do_unary,
	[INSN_DEC] = do_unary,
	[INSN_NEG] = do_unary,
	[INSN_NOT] = do_unary,
	[INSN_SHL] = do_shift,
	[INSN_SHR] = do_shift,
	[INSN_SAR] = do_shift,
	[INSN_ROL] = do_shift,
	[INSN_ROR] = do_shift,
	[INSN_BT] = do_bit,
	[INSN_BTS] = do_bit,
	[INSN_BTR] = do_bit,
	[INSN_BTC] = do_bit,
	[INSN_XCHG] = do_exchange,
	[INSN_XADD] = do_exchange,
	[INSN_CMPXCHG] = do_compare_exchange,
	[INSN_SET] = do_condition,
	[INSN_CMOV] = do_condition,
	[INSN_MOVS] = do_string,
	[INSN_STOS] = do_string,
	[INSN_LODS] = do_string,
	[INSN_CMPS] = do_string,
	[INSN_SCAS] = do_string,
	[INSN_VECTOR] = do_vector,
};

int emulate(const struct insn *insn, struct emulate_cpu *cpu, const struct emulate_bus *bus)
{
	struct step s = { .insn = insn, .cpu = cpu, .bus = bus };
	int ret;

	s.address = linear(insn, cpu, insn->segment, effective_offset(insn, cpu));
	ret = rows[insn->kind](&s);
	if (ret != EMULATE_DONE)
		return ret;
	cpu->rip += insn->length;
	if (insn->mode != 64)
		cpu->rip &= 0xffffffff;
	return EMULATE_DONE;
}
