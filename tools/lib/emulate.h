/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Emulate: execute a decoded instruction on values.
 *
 * Memory is reached through callbacks that take guest-linear addresses, so that
 * one instruction may touch devices, RAM and a page boundary at once.  Segment
 * limits are not checked: the CPU checked the first access before it left the
 * guest.  Pure.
 */
#ifndef POSADA_EMULATE_H
#define POSADA_EMULATE_H

#include "decode.h"

/**
 * struct emulate_cpu - registers
 * @gpr: sixteen of them; gpr[POSADA_RSP] counts only with INSN_RSP in insn.needs
 * @rip: in: address of the instruction; out: of the next one (EMULATE_DONE)
 * @rflags: in/out
 * @base: segment bases by number; SS, FS, GS only with INSN_SEGMENTS
 * @xmm: sixteen registers, only with INSN_XMMS; else may be NULL
 */
struct emulate_cpu {
	uint64_t *gpr;
	uint64_t rip;
	uint64_t rflags;
	uint64_t base[6];
	uint8_t (*xmm)[16];
};

/**
 * struct emulate_bus - memory
 * @read: read @len (1..16) bytes at @linear.  @rmw: they will be written too, so
 *        the right to write must be checked now
 * @write: write
 * @context: handed to both
 *
 * Both return 0, or a number that emulate() hands on.
 */
struct emulate_bus {
	int (*read)(void *context, uint64_t linear, void *to, unsigned int len, bool rmw);
	int (*write)(void *context, uint64_t linear, const void *from, unsigned int len);
	void *context;
};

#define EMULATE_DONE   0 /* rip is past the instruction */
#define EMULATE_AGAIN  1 /* a REP goes on: registers are up to date, execute it again */

/* A REP goes on for that many rounds before the guest may take an interrupt; with TF one. */
#define EMULATE_ROUNDS 512

/**
 * emulate() - execute one instruction
 * @insn: decoded
 * @cpu: registers, in and out
 * @bus: memory
 *
 * Return: EMULATE_DONE, EMULATE_AGAIN, or what a callback returned: then the
 * registers are as before but for the finished rounds of a REP.
 */
int emulate(const struct insn *insn, struct emulate_cpu *cpu, const struct emulate_bus *bus);

#endif /* POSADA_EMULATE_H */
