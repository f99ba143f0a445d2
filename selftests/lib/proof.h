/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the proofs: one guest that runs on posada, and on KVM as the
 * reference, through the command's driver interface (tools/lib/driver.h).
 *
 * Every test of the fixture runs twice, as proof.posada.NAME and as
 * proof.kvm.NAME; the latter says SKIP where there is no KVM.
 */
#ifndef SELFTESTS_PROOF_H
#define SELFTESTS_PROOF_H

#include "driver.h"
#include "test.h"

struct proof {
	const struct driver *driver;
	struct driver_vm driver_vm;
	struct driver_vcpu cpu;
	struct posada_run *run;
	struct vm vm;			/* its ram, for vm_load(), vm_log() and the like */
	bool is_posada;
	uint64_t exits_before;		/* of the warming up */
};

/*
 * proof_open: 64-bit mode as boot_long(), and a first exit behind it: what happens
 * once in the life of a vCPU is no matter here.  NULL, or why it cannot be.
 */
const char *proof_open(struct proof *p, const char *driver);
void proof_close(struct proof *p);

/* proof_move: all of the state to a new VM, which has the same memory. */
void proof_move(struct proof *p);

#define proof_code(p, name) vm_load(&(p)->vm, GUEST_CODE_AT, name, name##_end)

/*
 * The end of guest code in 64-bit mode, in any ring, without an exit but the one it
 * is: INT through a gate to an OUT.
 */
#define PROOF_END_VECTOR	0x81
#define PROOF_END_PORT		0x80
#define PROOF_END		"	int $" GUEST_STR(PROOF_END_VECTOR) "\n"

void proof_run_to_at(struct proof *p, uint32_t reason, const char *file, int line);
#define proof_run_to(p, reason) proof_run_to_at(p, reason, __FILE__, __LINE__)

/* proof_run: to PROOF_END, or to an OUT to its port in other modes. */
#define proof_run(p) proof_run_to(p, POSADA_EXIT_IO)

/* proof_run_on: finish the OUT, and run to the next. */
void proof_run_on_at(struct proof *p, const char *file, int line);
#define proof_run_on(p) proof_run_on_at(p, __FILE__, __LINE__)

/* proof_start, proof_join: one RUN in a thread. */
void proof_start(struct proof *p, pthread_t *thread);
void proof_join(pthread_t thread);

struct posada_state proof_state(struct proof *p, uint32_t groups);
void proof_state_set(struct proof *p, struct posada_state *state, uint32_t groups);
void proof_msr_set(struct proof *p, uint32_t index, uint64_t value);
void proof_interrupt(struct proof *p, uint8_t vector);
void proof_nmi(struct proof *p);
struct posada_stats proof_stats(struct proof *p);

/*
 * proof_exits: VM exits that the guest's instructions and events have cost since
 * proof_open(): not the host's interrupts, nor first touches of memory.
 */
uint64_t proof_exits(struct proof *p);

/* proof_policy: rows of the trap policy; false where the driver has none.  proof_hits: of a row. */
bool proof_policy(struct proof *p, const struct posada_trap *rows, uint32_t nr);
uint64_t proof_hits(struct proof *p, uint32_t row);

#define EXIT_INTERRUPT_WINDOW	7
#define EXIT_NMI_WINDOW		8

/* TO_RING_3: at @label, with interrupts on and IOPL 0; clobbers RAX. */
#define TO_RING_3(label)						\
	"	push $" GUEST_STR(GUEST_USER_DATA) "\n"			\
	"	push $STACK - 0x1000\n"					\
	"	push $0x202\n"						\
	"	push $" GUEST_STR(GUEST_USER_CODE64) "\n"		\
	"	lea " #label "(%rip), %rax\n"				\
	"	push %rax\n"						\
	"	iretq\n"						\
	#label ":\n"

/* The linear address of guest code's label in a gate of the IDT. */
#define proof_gate(p, vector, code, label)				\
	boot_idt_gate(&(p)->vm, vector, guest_address(code, label), 0)

#endif /* SELFTESTS_PROOF_H */
