/* SPDX-License-Identifier: GPL-2.0 */
/* The trap policy of a VM: rows set, refused, counted. */
#ifndef SELFTESTS_TRAPS_H
#define SELFTESTS_TRAPS_H

#include "vm.h"

/* A row in short; @access, @first, @last, @value may be left out. */
#define TRAP(kind, how, ...) \
	((struct posada_trap){ .what = POSADA_TRAP_##kind, .disposition = POSADA_##how, __VA_ARGS__ })

#define TRAP_R .access = POSADA_TRAP_READ
#define TRAP_W .access = POSADA_TRAP_WRITE
#define TRAP_RW .access = POSADA_TRAP_READ | POSADA_TRAP_WRITE
#define TRAP_AT(n) .first = (n), .last = (n)

/* Set @nr rows; 0 or a negative errno.  @policy, if not NULL: what came back. */
int __policy_set(struct vm *vm, const struct posada_trap *traps, unsigned int nr,
		 struct posada_policy *policy);
void policy_set(struct vm *vm, const struct posada_trap *traps, unsigned int nr);
void policy_set_one(struct vm *vm, struct posada_trap trap);

#define POLICY_ROOM 400

/* All rows; how many there are. */
unsigned int policy_get(struct vm *vm, struct posada_trap traps[POLICY_ROOM]);
uint64_t policy_hits(struct vm *vm, unsigned int row);

#endif /* SELFTESTS_TRAPS_H */
