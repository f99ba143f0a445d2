// SPDX-License-Identifier: GPL-2.0
/*
 * Does a guest that is moved into a new vCPU, or a new VM, at every exit go on bit for
 * bit as one that is not?
 */
#include "test.h"

#include "journey.h"
#include "move.h"
#include "runner.h"

#define VECTOR		0x41
#define RFLAGS_RF	0x10000
#define END_PORT	0xf4

/* What a guest was seen to do. */
struct record {
	uint32_t reason;
	uint32_t port;
	uint64_t rip;
	uint64_t rflags;
	uint64_t regs[16];
};

#define MAX_RECORDS 64

struct story {
	struct vm vm;
	struct vcpu cpu;
	struct record record[MAX_RECORDS];
	unsigned int nr;
	struct whole end;
};

/* One guest: how it begins, and what the program does at its exits. */
struct play {
	void (*begin)(struct vcpu *cpu);
	void (*at)(struct vcpu *cpu, uint32_t port);
	uint32_t end;		/* its last port */
};

static void note_down(struct story *s)
{
	struct record *r = &s->record[s->nr++];
	struct posada_run *run = s->cpu.run;

	require(s->nr < MAX_RECORDS);
	*r = (struct record){ .reason = run->reason, .rip = run->rip, .rflags = run->rflags };
	if (run->reason == POSADA_EXIT_IO)
		r->port = run->io.port;
	/* RSP is not in the run page */
	memcpy(r->regs, vcpu_state(&s->cpu, POSADA_STATE_REGS).regs.gpr, sizeof(r->regs));
}

/* Runs to the end, moving before every RUN or never. */
static void play(struct story *s, const struct play *p, bool move, bool new_vm)
{
	struct posada_state tsc = { .tsc = { .offset = 0x1234, .adjust = 0x5678 } };
	uint32_t port = 0;

	vm_create(&s->vm);
	vcpu_create(&s->vm, &s->cpu, 0);
	p->begin(&s->cpu);
	vcpu_state_set(&s->cpu, &tsc, POSADA_STATE_TSC);
	while (port != p->end) {
		if (move)
			vcpu_move(&s->cpu, new_vm);
		vcpu_run_to(&s->cpu, POSADA_EXIT_IO);
		note_down(s);
		port = s->cpu.run->io.port;
		/* half of them move without the instruction done, too, and make it again */
		if (s->nr % 2) {
			if (move)
				vcpu_move(&s->cpu, new_vm);
			vcpu_run_to(&s->cpu, POSADA_EXIT_IO);
		}
		s->cpu.run->apply = POSADA_APPLY_SKIP;
		if (p->at)
			p->at(&s->cpu, port);
	}
	s->cpu.run->apply = 0;
	whole_get(&s->cpu, &s->end);
}

FIXTURE(moved) {
	struct story stays;
	struct story moves;
};

FIXTURE_VARIANT(moved) {
	bool new_vm;
};

FIXTURE_VARIANT_ADD(moved, into_a_vcpu) { .new_vm = false };
FIXTURE_VARIANT_ADD(moved, into_a_vm) { .new_vm = true };

FIXTURE_SETUP(moved)
{
	NEEDS_POSADA();
}

FIXTURE_TEARDOWN(moved)
{
}

/*
 * A fault pushes RF=1.  What RF is for interrupts and traps depends on whether an EPT
 * violation came first (SDM 3C 28.3.3), and the EPT of a new VM is empty.
 */
static void forget_rf(struct vm *vm)
{
	struct guest_log *log = vm_log(vm);
	unsigned int i;

	for (i = 0; i < GUEST_LOG_MAX; i++) {
		struct guest_event *e = &log->event[i];

		if (e->vector == 1 || e->vector == 2 || e->vector > 31)
			e->rflags &= ~(uint64_t)RFLAGS_RF;
	}
}

static void expect_the_same(struct __test_metadata *_metadata, FIXTURE_DATA(moved) *self,
			    const FIXTURE_VARIANT(moved) *variant, const struct play *p)
{
	const char *differs;
	unsigned int i;

	play(&self->stays, p, false, false);
	play(&self->moves, p, true, variant->new_vm);
	ASSERT_EQ(self->stays.nr, self->moves.nr);
	for (i = 0; i < self->stays.nr; i++) {
		EXPECT_EQ(0, memcmp(&self->stays.record[i], &self->moves.record[i],
				    sizeof(struct record))) {
			TH_LOG("exit %u, at %#llx and %#llx", i,
			       (unsigned long long)self->stays.record[i].rip,
			       (unsigned long long)self->moves.record[i].rip);
		}
	}
	differs = whole_differs(&self->stays.end, &self->moves.end);
	EXPECT_EQ(NULL, differs) {
		TH_LOG("in the end %s differs", differs);
	}
	forget_rf(&self->stays.vm);
	forget_rf(&self->moves.vm);
	for (i = 0; i < GUEST_RAM_SIZE; i++)
		if (self->stays.vm.ram[i] != self->moves.vm.ram[i])
			break;
	EXPECT_EQ(GUEST_RAM_SIZE, i) {
		TH_LOG("guest memory differs at %#x", i);
	}
}

/* ---- modes ------------------------------------------------------------------------ */

static void begin_journey(struct vcpu *cpu)
{
	boot_real(cpu);
	boot_tables(cpu->vm);
	journey_map(cpu->vm);
	vcpu_code(cpu, journey);
}

/* ---- registers ---------------------------------------------------------------------- */

GUEST_CODE(fills,
	/* x87 and SSE, with modes of their own */
"	finit\n"
"	fldpi\n"
"	fldl2e\n"
"	movl $0x7f80, DATA\n"
"	ldmxcsr DATA\n"
"	movw $0x0c7f, DATA\n"
"	fldcw DATA\n"
"	mov $0x123456789abcdef, %rax\n"
"	movq %rax, %xmm0\n"
"	movlhps %xmm0, %xmm0\n"
"	not %rax\n"
"	movq %rax, %xmm15\n"
"	out %al, $0x80\n"
	/* MSRs */
"	mov $0xc0000080, %ecx\n"
"	rdmsr\n"
"	or $1, %eax\n"
"	wrmsr\n"
"	mov $0x12345678, %eax\n"
"	mov $0x00001234, %edx\n"
"	mov $0xc0000082, %ecx\n"
"	wrmsr\n"
"	mov $0xc0000081, %ecx\n"
"	wrmsr\n"
"	mov $0xc0000102, %ecx\n"
"	wrmsr\n"
"	mov $0x176, %ecx\n"
"	wrmsr\n"
"	mov $0xc0000100, %ecx\n"
"	wrmsr\n"
"	xor %edx, %edx\n"
"	mov $0xc0000084, %ecx\n"
"	wrmsr\n"
"	mov $2, %eax\n"
"	mov $0x1d9, %ecx\n"
"	wrmsr\n"
"	xor %eax, %eax\n"
"	wrmsr\n"
"	mov $0x00070106, %eax\n"
"	mov $0x00070406, %edx\n"
"	mov $0x277, %ecx\n"
"	wrmsr\n"
"	out %al, $0x81\n"
	/* control and debug registers; a page fault for CR2 */
"	mov $9, %eax\n"
"	mov %rax, %cr8\n"
"	mov $0x1111, %eax\n"
"	mov %rax, %dr0\n"
"	mov $DATA + 0x100, %eax\n"
"	mov %rax, %dr1\n"
"	mov $0x4444, %eax\n"
"	mov %rax, %dr3\n"
"	mov $0xd00404, %eax\n"		/* L1, writes of 4 bytes */
"	mov %rax, %dr7\n"
"	out %al, $0x82\n"
"	TRY fills_1\n"
"	mov $0x123456789000, %rax\n"
"	movb $1, (%rax)\n"
"fills_1:\n"
"	out %al, $0x83\n"
	/* the watchpoint is alive: #DB */
"	movl $5, DATA + 0x100\n"
"	out %al, $0x84\n"
	/* all of it into memory */
"	mov $DATA + 0x200, %ebx\n"
"	fstpt (%rbx)\n"
"	fstpt 16(%rbx)\n"
"	fnstenv 32(%rbx)\n"
"	stmxcsr 64(%rbx)\n"
"	movups %xmm0, 80(%rbx)\n"
"	movups %xmm15, 96(%rbx)\n"
"	mov %cr8, %rax\n"
"	mov %rax, 112(%rbx)\n"
"	mov %cr2, %rax\n"
"	mov %rax, 120(%rbx)\n"
"	mov %dr0, %rax\n"
"	mov %rax, 128(%rbx)\n"
"	mov %dr6, %rax\n"
"	mov %rax, 136(%rbx)\n"
"	mov %dr7, %rax\n"
"	mov %rax, 144(%rbx)\n"
"	mov $0xc0000082, %ecx\n"
"	rdmsr\n"
"	mov %eax, 152(%rbx)\n"
"	mov $0xc0000102, %ecx\n"
"	rdmsr\n"
"	mov %eax, 160(%rbx)\n"
"	out %al, $0xf4\n");

static void begin_fills(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, fills);
}

/* The upper halves, and the masks of AVX-512 if there are any, come with XCR0. */
GUEST_CODE(avx,
"	mov %cr4, %rax\n"
"	or $0x40000, %eax\n"
"	mov %rax, %cr4\n"
"	out %al, $0x80\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	mov $7, %eax\n"
"	xsetbv\n"
"	out %al, $0x81\n"
"	mov $DATA, %ebx\n"
"	movl $0x11223344, (%rbx)\n"
"	movl $0x55667788, 20(%rbx)\n"
"	vmovups (%rbx), %ymm3\n"
"	vaddps %ymm3, %ymm3, %ymm12\n"
"	out %al, $0x82\n"
"	vmovups %ymm3, 64(%rbx)\n"
"	vmovups %ymm12, 96(%rbx)\n"
"	xgetbv\n"
"	vzeroupper\n"
"	out %al, $0x83\n"
"	vmovups %ymm3, 128(%rbx)\n"
"	out %al, $0xf4\n");

static void begin_avx(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, avx);
}

/* ---- events ------------------------------------------------------------------------------ */

/* An interrupt waits for IF, for the end of a shadow, and for CR8. */
GUEST_CODE(waits,
"	cli\n"
"	mov $4, %eax\n"
"	mov %rax, %cr8\n"
"	out %al, $0x80\n"
"	sti\n"
"	out %al, $0x81\n"		/* the shadow of STI; CR8 holds it back */
"	nop\n"
"	out %al, $0x82\n"
"	cli\n"
"	xor %eax, %eax\n"
"	mov %rax, %cr8\n"
"	out %al, $0x83\n"
"	sti\n"
"	out %al, $0x84\n"		/* the shadow again: it comes behind this */
"	nop\n"
"	mov %ss, %eax\n"
"	mov %eax, %ss\n"
"	out %al, $0x85\n"		/* the shadow of MOV SS */
"	nop\n"
"	out %al, $0xf4\n");

static void begin_waits(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, waits);
}

static void interrupt_at(struct vcpu *cpu, uint32_t port)
{
	if (port == 0x80 || port == 0x85)
		vcpu_interrupt(cpu, VECTOR);
}

/* An NMI in whose handler another waits, and what that handler finds. */
GUEST_CODE(nmis,
"	out %al, $0x80\n"
"	nop\n"
"	out %al, $0x81\n"
"	out %al, $0xf4\n");

GUEST_CODE(nmi_handler,
"	inc %r8d\n"
"	out %al, $0x90\n"
"	inc %r9d\n"
"	out %al, $0x91\n"
"	iretq\n");

static void begin_nmis(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, nmis);
	vm_load(cpu->vm, GUEST_CODE_AT + 0x800, nmi_handler, nmi_handler_end);
	boot_idt_gate(cpu->vm, 2, GUEST_CODE_AT + 0x800, 1);
}

static void nmi_at(struct vcpu *cpu, uint32_t port)
{
	if (port == 0x80 || (port == 0x90 && cpu->run->regs[POSADA_R8] == 1))
		vcpu_nmi(cpu);
}

/* Exceptions that the program queues: with RF in what they push. */
GUEST_CODE(faults,
"	TRY faults_1\n"
"	out %al, $0x80\n"
"faults_1:\n"
"	TRY faults_2\n"
"	out %al, $0x81\n"
"faults_2:\n"
"	out %al, $0xf4\n");

static void begin_faults(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, faults);
}

static void fault_at(struct vcpu *cpu, uint32_t port)
{
	if (port == END_PORT)
		return;
	cpu->run->apply = 0;
	if (port == 0x80)
		vcpu_exception(cpu, 6);
	else
		vcpu_exception_error(cpu, 14, 2, 0x123000);
}

/* Single-stepping over instructions that exit. */
GUEST_CODE(steps,
"	pushf\n"
"	orl $0x100, (%rsp)\n"
"	popf\n"
"	out %al, $0x80\n"
"	nop\n"
"	out %al, $0x81\n"
"	pushf\n"
"	andl $~0x100, (%rsp)\n"
"	popf\n"
"	out %al, $0xf4\n");

static void begin_steps(struct vcpu *cpu)
{
	boot_long(cpu);
	vcpu_code(cpu, steps);
}

TEST_F(moved, through_all_modes)
{
	static const struct play p = { begin_journey, NULL, 0x87 };

	expect_the_same(_metadata, self, variant, &p);
}

TEST_F(moved, with_all_registers_in_use)
{
	static const struct play p = { begin_fills, NULL, END_PORT };

	expect_the_same(_metadata, self, variant, &p);
	/* and it is the right thing that is the same */
	EXPECT_EQ(2, vm_log(&self->moves.vm)->count);
	EXPECT_EQ(14, vm_event(&self->moves.vm, 0)->vector);
	EXPECT_EQ(1, vm_event(&self->moves.vm, 1)->vector);
	EXPECT_EQ(9, *(uint64_t *)(self->moves.vm.ram + GUEST_DATA + 0x200 + 112));
	EXPECT_EQ(0x123456789000, *(uint64_t *)(self->moves.vm.ram + GUEST_DATA + 0x200 + 120));
}

TEST_F(moved, with_avx)
{
	static const struct play p = { begin_avx, NULL, END_PORT };
	int device = device_open();

	if ((device_info(device).xcr0 & 7) != 7)
		SKIP(return, "this CPU has no AVX for guests");
	expect_the_same(_metadata, self, variant, &p);
	EXPECT_EQ(0x55667788, *(uint32_t *)(self->moves.vm.ram + GUEST_DATA + 64 + 20));
	EXPECT_EQ(0, *(uint32_t *)(self->moves.vm.ram + GUEST_DATA + 128 + 20));
}

TEST_F(moved, while_an_interrupt_waits)
{
	static const struct play p = { begin_waits, interrupt_at, END_PORT };

	expect_the_same(_metadata, self, variant, &p);
	EXPECT_EQ(2, vm_log(&self->moves.vm)->count);
}

TEST_F(moved, in_the_handler_of_an_nmi)
{
	static const struct play p = { begin_nmis, nmi_at, END_PORT };

	expect_the_same(_metadata, self, variant, &p);
	EXPECT_EQ(2, self->moves.cpu.run->regs[POSADA_R9]);
}

TEST_F(moved, with_an_exception_queued)
{
	static const struct play p = { begin_faults, fault_at, END_PORT };

	expect_the_same(_metadata, self, variant, &p);
	EXPECT_EQ(2, vm_log(&self->moves.vm)->count);
	EXPECT_EQ(RFLAGS_RF, vm_event(&self->moves.vm, 0)->rflags & RFLAGS_RF);
	EXPECT_EQ(0x123000, vm_event(&self->moves.vm, 1)->cr2);
}

TEST_F(moved, while_it_is_stepped)
{
	static const struct play p = { begin_steps, NULL, END_PORT };

	expect_the_same(_metadata, self, variant, &p);
	EXPECT_NE(0, vm_log(&self->moves.vm)->count);
}

GUEST_CODE(halts,
"	sti\n"
"	hlt\n"
"	out %al, $0xf4\n");

/* It sleeps on in the new one, and wakes there. */
TEST_F(moved, in_its_sleep)
{
	struct story *s = &self->moves;
	struct runner runner;

	vm_create(&s->vm);
	vcpu_create(&s->vm, &s->cpu, 0);
	boot_long(&s->cpu);
	vcpu_code(&s->cpu, halts);
	s->cpu.run->flags = 0;
	runner_start(&runner, &s->cpu);
	runner_wait_asleep(&runner);
	vcpu_kick(&s->cpu);
	ASSERT_EQ(0, runner_join(&runner));
	ASSERT_EQ(POSADA_EXIT_KICK, s->cpu.run->reason);
	vcpu_move(&s->cpu, variant->new_vm);
	runner_start(&runner, &s->cpu);
	runner_wait_asleep(&runner);
	vcpu_interrupt(&s->cpu, VECTOR);
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_IO, s->cpu.run->reason);
	EXPECT_EQ(1, vm_log(&s->vm)->count);
}

TEST_HARNESS_MAIN
