/* SPDX-License-Identifier: GPL-2.0 */
/* Bits of registers by the manual's names, for people. */
#ifndef POSADA_FLAGNAME_H
#define POSADA_FLAGNAME_H

#include <stddef.h>
#include <stdint.h>

/* Registers whose bits have names. */
enum flag_register {
	FLAG_RFLAGS,
	FLAG_CR0,
	FLAG_CR4,
	FLAG_EFER,
	FLAG_XCR0,
	FLAG_DR6,
	FLAG_DR7,
	FLAG_REGISTERS
};

/**
 * flag_text() - the bits that are set, by name, highest last
 * @which: the register
 * @value: its value
 * @text: out; always terminated
 * @size: room in it; 128 is enough for any value
 *
 * Bits that are always set are left out; bits without a name appear as numbers.
 */
void flag_text(enum flag_register which, uint64_t value, char *text, size_t size);

/** flag_register_name() - "rflags", "cr0"... */
const char *flag_register_name(enum flag_register which);

#endif /* POSADA_FLAGNAME_H */
