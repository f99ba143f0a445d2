// SPDX-License-Identifier: GPL-2.0
/* Does a guest run in every mode of the processor, and get from one to the next? */
#include "guest_fixture.h"
#include "journey.h"

#define CR0_PE		0x1ULL
#define CR0_PG		0x80000000ULL
#define CR4_PSE		0x10ULL
#define CR4_PAE		0x20ULL
#define EFER_LME	0x100ULL
#define EFER_LMA	0x400ULL
#define CS_L		0x2000
#define CS_D		0x4000

static const struct stage {
	const char *name;
	uint64_t cr0, cr4, efer;	/* of PE and PG; PSE and PAE; LME and LMA */
	uint32_t cs;			/* of L and D */
	bool reads;
} stages[] = {
	{ "real", 0, 0, 0, 0, false },
	{ "protected", CR0_PE, 0, 0, CS_D, true },
	{ "paging", CR0_PE | CR0_PG, CR4_PSE, 0, CS_D, true },
	{ "PAE", CR0_PE | CR0_PG, CR4_PSE | CR4_PAE, 0, CS_D, true },
	{ "compatibility", CR0_PE | CR0_PG, CR4_PSE | CR4_PAE, EFER_LME | EFER_LMA, CS_D, true },
	{ "64-bit", CR0_PE | CR0_PG, CR4_PSE | CR4_PAE, EFER_LME | EFER_LMA, CS_L, true },
	{ "protected again", CR0_PE, CR4_PSE | CR4_PAE, 0, CS_D, true },
	{ "real again", 0, CR4_PSE | CR4_PAE, 0, 0, true },
};

TEST_F(guest, from_real_to_long_mode_and_back)
{
	static const uint32_t mark = 0x5eed1234;
	struct posada_state state;
	unsigned int i;

	boot_real(&self->cpu);
	boot_tables(&self->vm);
	journey_map(&self->vm);
	memcpy(self->vm.ram + GUEST_DATA, &mark, sizeof(mark));
	vcpu_code(&self->cpu, journey);
	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		ASSERT_EQ(0x80 + i, self->run->io.port);
		state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL | POSADA_STATE_SEGMENTS);
		EXPECT_EQ(stages[i].cr0, state.control.cr0 & (CR0_PE | CR0_PG)) {
			TH_LOG("stage %s", stages[i].name);
		}
		EXPECT_EQ(stages[i].cr4, state.control.cr4 & (CR4_PSE | CR4_PAE)) {
			TH_LOG("stage %s", stages[i].name);
		}
		EXPECT_EQ(stages[i].efer, state.control.efer & (EFER_LME | EFER_LMA)) {
			TH_LOG("stage %s", stages[i].name);
		}
		EXPECT_EQ(stages[i].cs, state.segments.cs.access & (CS_D | CS_L)) {
			TH_LOG("stage %s", stages[i].name);
		}
		if (stages[i].reads) {
			EXPECT_EQ(mark, (uint32_t)self->run->regs[POSADA_RBX]) {
				TH_LOG("stage %s", stages[i].name);
			}
		}
		self->run->regs[POSADA_RBX] = 0;
		self->run->apply = POSADA_APPLY_SKIP;
	}
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
}

/* The same question for vCPUs that STATE_SET puts in a mode. */
FIXTURE(mode) {
	struct vm vm;
	struct vcpu cpu;
};

FIXTURE_VARIANT(mode) {
	void (*boot)(struct vcpu *cpu);
	bool paging;
};

FIXTURE_VARIANT_ADD(mode, protected) { .boot = boot_protected };
FIXTURE_VARIANT_ADD(mode, paging32) { .boot = boot_paging32, .paging = true };
FIXTURE_VARIANT_ADD(mode, pae) { .boot = boot_pae, .paging = true };

FIXTURE_SETUP(mode)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	variant->boot(&self->cpu);
}

FIXTURE_TEARDOWN(mode)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

GUEST_CODE_32(reads_32,
"	mov (%esi), %eax\n"
"	mov %cs, %ebx\n"
"	push $0x1234\n"
"	pop %ecx\n"
"	hlt\n");

TEST_F(mode, runs_code_and_reads_memory)
{
	static const uint32_t mark = 0x5eed4321;

	journey_map(&self->vm);
	memcpy(self->vm.ram + GUEST_DATA, &mark, sizeof(mark));
	vcpu_code(&self->cpu, reads_32);
	self->cpu.run->regs[POSADA_RSI] = GUEST_DATA + (variant->paging ? 0x40000000 : 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(mark, self->cpu.run->regs[POSADA_RAX]);
	EXPECT_EQ(GUEST_CODE32, self->cpu.run->regs[POSADA_RBX]);
	EXPECT_EQ(0x1234, self->cpu.run->regs[POSADA_RCX]);
}

GUEST_CODE_32(faults_32,
"	TRY32 faults_32_back, faults_32\n"
"	ud2\n"
"faults_32_back:\n"
"	mov $0x99, %edx\n"
"	sti\n"
"	nop\n"
"	hlt\n");

TEST_F(mode, handles_exceptions_and_interrupts)
{
	vcpu_code(&self->cpu, faults_32);
	vcpu_interrupt(&self->cpu, 0x77);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x99, self->cpu.run->regs[POSADA_RDX]);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(6, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0x77, vm_event(&self->vm, 1)->vector);
	EXPECT_EQ(GUEST_CODE32, vm_event(&self->vm, 1)->cs);
}

TEST_F(mode, injected_exception_with_error_code)
{
	vcpu_code(&self->cpu, faults_32);
	/* where the handler goes on */
	vm_log(&self->vm)->recover = guest_address(faults_32, faults_32);
	vcpu_exception_error(&self->cpu, 14, 0x2, 0xabcd1000);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(14, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->error);
	EXPECT_EQ(0xabcd1000, vm_event(&self->vm, 0)->cr2);
}

GUEST_CODE_16(real,
"	xor %ax, %ax\n"
"	mov %ax, %ds\n"
"	movw $real_handler - real, 0x77 * 4\n"
"	mov %cs, 0x77 * 4 + 2\n"
"	sti\n"
"	nop\n"
"	int $0x77\n"
"	mov %cs, %bx\n"
"	hlt\n"
"real_handler:\n"
"	inc %cx\n"
"	iret\n");

TEST_F(guest, real_mode_handles_interrupts)
{
	boot_real(&self->cpu);
	vcpu_code(&self->cpu, real);
	vcpu_interrupt(&self->cpu, 0x77);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(2, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(GUEST_CODE_AT >> 4, self->run->regs[POSADA_RBX] & 0xffff);
}

TEST_HARNESS_MAIN
