// SPDX-License-Identifier: GPL-2.0
/*
 * Does an emulated instruction do what the same bytes do on this CPU: registers,
 * flags and memory?
 */
#include <kselftest_harness.h>
#include <sys/mman.h>

#include "decode.h"
#include "emulate.h"

#define CF 0x1
#define PF 0x4
#define AF 0x10
#define ZF 0x40
#define SF 0x80
#define OF 0x800
#define STATUS (CF | PF | AF | ZF | SF | OF)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 };

/*
 * INSN(assembler, status flags that the manual leaves undefined): RDI and RSI
 * point into memory, RCX is small.
 */
#define INSTRUCTIONS(INSN)						\
	INSN("movb %al, (%rdi)", 0)					\
	INSN("movw %ax, 2(%rdi)", 0)					\
	INSN("movl %eax, 4(%rdi)", 0)					\
	INSN("movq %rax, 8(%rdi)", 0)					\
	INSN("movb %ah, (%rdi)", 0)					\
	INSN("movb %r8b, (%rdi)", 0)					\
	INSN("movb (%rdi), %bh", 0)					\
	INSN("movb (%rdi), %r9b", 0)					\
	INSN("movw (%rdi), %dx", 0)					\
	INSN("movl (%rdi), %edx", 0)					\
	INSN("movq (%rdi), %r10", 0)					\
	INSN("movb $0x12, (%rdi)", 0)					\
	INSN("movw $0x1234, (%rdi)", 0)					\
	INSN("movl $0x87654321, (%rdi)", 0)				\
	INSN("movq $-5, (%rdi)", 0)					\
	INSN("movl (%rdi,%rcx,4), %edx", 0)				\
	INSN("movl %edx, 8(%rdi,%rcx,2)", 0)				\
	INSN("movzbl (%rdi), %edx", 0)					\
	INSN("movzbw (%rdi), %dx", 0)					\
	INSN("movzwq (%rdi), %rdx", 0)					\
	INSN("movsbw (%rdi), %dx", 0)					\
	INSN("movsbl (%rdi), %edx", 0)					\
	INSN("movswq (%rdi), %rdx", 0)					\
	INSN("movslq (%rdi), %rdx", 0)					\
	INSN("movnti %rax, (%rdi)", 0)					\
	INSN("addb %al, (%rdi)", 0)					\
	INSN("addw %ax, (%rdi)", 0)					\
	INSN("addl %eax, (%rdi)", 0)					\
	INSN("addq %rax, (%rdi)", 0)					\
	INSN("addl (%rdi), %edx", 0)					\
	INSN("addl $-3, (%rdi)", 0)					\
	INSN("lock addl %eax, (%rdi)", 0)				\
	INSN("adcb %al, (%rdi)", 0)					\
	INSN("adcq %rax, (%rdi)", 0)					\
	INSN("adcl (%rdi), %edx", 0)					\
	INSN("subb %al, (%rdi)", 0)					\
	INSN("subl %eax, (%rdi)", 0)					\
	INSN("subq (%rdi), %rdx", 0)					\
	INSN("sbbb %al, (%rdi)", 0)					\
	INSN("sbbw %ax, (%rdi)", 0)					\
	INSN("sbbq (%rdi), %rdx", 0)					\
	INSN("cmpb %al, (%rdi)", 0)					\
	INSN("cmpl $0x7fffffff, (%rdi)", 0)				\
	INSN("cmpq (%rdi), %rax", 0)					\
	INSN("andb %al, (%rdi)", AF)					\
	INSN("andl (%rdi), %edx", AF)					\
	INSN("orl %eax, (%rdi)", AF)					\
	INSN("orq $0x7f, (%rdi)", AF)					\
	INSN("xorw %ax, (%rdi)", AF)					\
	INSN("testl %eax, (%rdi)", AF)					\
	INSN("testb $0x80, (%rdi)", AF)					\
	INSN("incb (%rdi)", 0)						\
	INSN("incl (%rdi)", 0)						\
	INSN("incq (%rdi)", 0)						\
	INSN("decw (%rdi)", 0)						\
	INSN("decq (%rdi)", 0)						\
	INSN("negl (%rdi)", 0)						\
	INSN("negb (%rdi)", 0)						\
	INSN("notl (%rdi)", 0)						\
	INSN("notq (%rdi)", 0)						\
	INSN("shll $1, (%rdi)", AF)					\
	INSN("shll $5, (%rdi)", AF | OF)				\
	INSN("shrb $1, (%rdi)", AF)					\
	INSN("shrq %cl, (%rdi)", AF | OF)				\
	INSN("sarw $1, (%rdi)", AF)					\
	INSN("sarl $7, (%rdi)", AF | OF)				\
	INSN("roll $1, (%rdi)", 0)					\
	INSN("rolb $3, (%rdi)", OF)					\
	INSN("rorl $1, (%rdi)", 0)					\
	INSN("rorq %cl, (%rdi)", OF)					\
	INSN("btl $3, (%rdi)", PF | AF | SF | OF)			\
	INSN("btl %ecx, (%rdi)", PF | AF | SF | OF)			\
	INSN("btsl $31, (%rdi)", PF | AF | SF | OF)			\
	INSN("lock btsq %rcx, (%rdi)", PF | AF | SF | OF)		\
	INSN("btrw $15, (%rdi)", PF | AF | SF | OF)			\
	INSN("btcq $40, (%rdi)", PF | AF | SF | OF)			\
	INSN("xchgb %al, (%rdi)", 0)					\
	INSN("xchgl %eax, (%rdi)", 0)					\
	INSN("xchgq %rdx, (%rdi)", 0)					\
	INSN("xaddl %eax, (%rdi)", 0)					\
	INSN("lock xaddq %rdx, (%rdi)", 0)				\
	INSN("cmpxchgl %edx, (%rdi)", 0)				\
	INSN("lock cmpxchgq %rdx, (%rdi)", 0)				\
	INSN("cmpxchgb %dl, (%rdi)", 0)					\
	INSN("setc (%rdi)", 0)						\
	INSN("setg (%rdi)", 0)						\
	INSN("setbe (%rdi)", 0)						\
	INSN("setnp (%rdi)", 0)						\
	INSN("setl (%rdi)", 0)						\
	INSN("cmovc (%rdi), %edx", 0)					\
	INSN("cmovle (%rdi), %rdx", 0)					\
	INSN("cmovs (%rdi), %dx", 0)					\
	INSN("cmovnz (%rdi), %edx", 0)					\
	INSN("movsb", 0)						\
	INSN("movsl", 0)						\
	INSN("movsq", 0)						\
	INSN("rep movsb", 0)						\
	INSN("rep movsw", 0)						\
	INSN("stosb", 0)						\
	INSN("stosq", 0)						\
	INSN("rep stosl", 0)						\
	INSN("lodsb", 0)						\
	INSN("lodsw", 0)						\
	INSN("lodsl", 0)						\
	INSN("lodsq", 0)						\
	INSN("cmpsb", 0)						\
	INSN("repe cmpsb", 0)						\
	INSN("repne cmpsw", 0)						\
	INSN("scasb", 0)						\
	INSN("repne scasb", 0)						\
	INSN("repe scasl", 0)						\
	INSN("movups %xmm0, (%rdi)", 0)					\
	INSN("movups (%rdi), %xmm1", 0)					\
	INSN("movdqu (%rdi), %xmm0", 0)					\
	INSN("movq %xmm0, (%rdi)", 0)					\
	INSN("movd (%rdi), %xmm1", 0)

struct row {
	const uint8_t *code;
	size_t length;
	const char *text;
	uint32_t undefined;
};

/* One after the other: length, flags, bytes, text */
#define AS_BYTES(assembler, flags)					\
	asm("	.pushsection .rodata.insn, \"a\"\n"			\
	    "	.byte 772f - 771f\n"					\
	    "	.long " VALUE(flags) "\n"				\
	    "771:	" assembler "\n"				\
	    "772:	.asciz \"" assembler "\"\n"			\
	    "	.popsection\n");
#define VALUE(flags) VALUE_(flags)
#define VALUE_(flags) #flags

asm("	.pushsection .rodata.insn, \"a\"\ninstructions:\n	.popsection\n");
INSTRUCTIONS(AS_BYTES)
asm("	.pushsection .rodata.insn, \"a\"\ninstructions_end:\n	.popsection\n");
extern const uint8_t instructions[], instructions_end[];

static const uint8_t *next_row(const uint8_t *at, struct row *row)
{
	row->length = at[0];
	memcpy(&row->undefined, at + 1, 4);
	row->code = at + 5;
	row->text = (const char *)at + 5 + row->length;
	return at + 5 + row->length + strlen(row->text) + 1;
}

/* The state before and after. Offsets are known to the assembly below. */
struct machine {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t unused;
	uint8_t xmm[16][16];
	uint8_t memory[128];
};

/* R15 points to the struct; RSP stays this process's. */
asm(
"	.pushsection .rodata.insn, \"a\"\n"
"native_before:\n"
"	push %rbx\n"
"	push %rbp\n"
"	push %r12\n"
"	push %r13\n"
"	push %r14\n"
"	push %r15\n"
"	mov %rdi, %r15\n"
"	pushq 128(%r15)\n"
"	movups 144(%r15), %xmm0\n"
"	movups 160(%r15), %xmm1\n"
"	mov 0(%r15), %rax\n"
"	mov 8(%r15), %rcx\n"
"	mov 16(%r15), %rdx\n"
"	mov 24(%r15), %rbx\n"
"	mov 40(%r15), %rbp\n"
"	mov 48(%r15), %rsi\n"
"	mov 56(%r15), %rdi\n"
"	mov 64(%r15), %r8\n"
"	mov 72(%r15), %r9\n"
"	mov 80(%r15), %r10\n"
"	mov 88(%r15), %r11\n"
"	mov 96(%r15), %r12\n"
"	popf\n"
"native_after:\n"
"	pushf\n"
"	cld\n"
"	mov %rax, 0(%r15)\n"
"	mov %rcx, 8(%r15)\n"
"	mov %rdx, 16(%r15)\n"
"	mov %rbx, 24(%r15)\n"
"	mov %rbp, 40(%r15)\n"
"	mov %rsi, 48(%r15)\n"
"	mov %rdi, 56(%r15)\n"
"	mov %r8, 64(%r15)\n"
"	mov %r9, 72(%r15)\n"
"	mov %r10, 80(%r15)\n"
"	mov %r11, 88(%r15)\n"
"	mov %r12, 96(%r15)\n"
"	popq 128(%r15)\n"
"	movups %xmm0, 144(%r15)\n"
"	movups %xmm1, 160(%r15)\n"
"	pop %r15\n"
"	pop %r14\n"
"	pop %r13\n"
"	pop %r12\n"
"	pop %rbp\n"
"	pop %rbx\n"
"	ret\n"
"native_end:\n"
"	.popsection\n"
);
extern const uint8_t native_before[], native_after[], native_end[];

static void run_native(uint8_t *page, const struct row *row, struct machine *m)
{
	size_t before = (uintptr_t)native_after - (uintptr_t)native_before;
	size_t after = (uintptr_t)native_end - (uintptr_t)native_after;

	memcpy(page, native_before, before);
	memcpy(page + before, row->code, row->length);
	memcpy(page + before + row->length, native_after, after);
	((void (*)(struct machine *))page)(m);
}

static int bus_read(void *context, uint64_t linear, void *to, unsigned int len, bool rmw)
{
	(void)context;
	(void)rmw;
	memcpy(to, (void *)linear, len);
	return 0;
}

static int bus_write(void *context, uint64_t linear, const void *from, unsigned int len)
{
	(void)context;
	memcpy((void *)linear, from, len);
	return 0;
}

static const struct emulate_bus memory_bus = { .read = bus_read, .write = bus_write };

static uint32_t next_random(void)
{
	static uint32_t state = 4711;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

/* Small numbers and those at the ends are the interesting ones. */
static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (next_random() % 2)
		return values[next_random() % ARRAY_SIZE(values)];
	return (uint64_t)next_random() << 40 ^ (uint64_t)next_random() << 20 ^ next_random();
}

static void fill(struct machine *m, uint64_t rflags)
{
	unsigned int i;
	uint64_t word;

	for (i = 0; i < 16; i++)
		m->gpr[i] = interesting();
	for (i = 0; i < sizeof(m->memory); i += 8) {
		word = interesting();
		memcpy(m->memory + i, &word, 8);
	}
	for (i = 0; i < 16; i++)
		memset(m->xmm[i], next_random(), 16);
	/* equal now and then, for what compares */
	if (next_random() % 3 == 0)
		memcpy(m->memory, m->memory + 64, 40);
	if (next_random() % 3 == 0)
		memcpy(m->memory, &m->gpr[RAX], 8);
	m->gpr[RCX] = next_random() % 8;
	m->gpr[RDI] = (uintptr_t)m->memory + 8;
	m->gpr[RSI] = (uintptr_t)m->memory + 64;
	m->rflags = rflags | (next_random() & STATUS) | 0x202;
}

TEST(every_instruction_as_the_cpu_does_it)
{
	uint8_t *page = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static struct machine m, before, native;
	const uint8_t *at;
	struct row row;
	unsigned int k;

	ASSERT_NE(MAP_FAILED, (void *)page);
	for (at = instructions; at < instructions_end;) {
		struct emulate_cpu cpu;
		struct insn insn;
		uint64_t ignore;

		at = next_row(at, &row);
		ignore = row.undefined;
		ASSERT_EQ(0, insn_decode(row.code, row.length, 64, &insn)) {
			TH_LOG("%s", row.text);
		}
		ASSERT_EQ(row.length, insn.length);
		for (k = 0; k < 500; k++) {
			fill(&m, 0);
			before = m;
			run_native(page, &row, &m);
			native = m;
			m = before;
			cpu = (struct emulate_cpu){
				.gpr = m.gpr,
				.rip = 0x1000,
				.rflags = m.rflags,
				.xmm = m.xmm,
			};
			ASSERT_EQ(EMULATE_DONE, emulate(&insn, &cpu, &memory_bus)) {
				TH_LOG("%s", row.text);
			}
			ASSERT_EQ(0x1000 + insn.length, cpu.rip);
			/* a shift by 0 leaves all flags alone: then none is undefined */
			ASSERT_EQ(native.rflags & STATUS & ~ignore, cpu.rflags & STATUS & ~ignore) {
				TH_LOG("%s: flags %#llx, were %#llx, rax %#llx, memory %#llx",
				       row.text, (unsigned long long)native.rflags,
				       (unsigned long long)before.rflags,
				       (unsigned long long)before.gpr[RAX],
				       (unsigned long long)*(uint64_t *)(before.memory + 8));
			}
			ASSERT_EQ(before.rflags & ~STATUS, cpu.rflags & ~STATUS);
			ASSERT_EQ(0, memcmp(native.gpr, m.gpr, sizeof(m.gpr))) {
				TH_LOG("registers of %s", row.text);
			}
			ASSERT_EQ(0, memcmp(native.memory, m.memory, sizeof(m.memory))) {
				TH_LOG("memory of %s", row.text);
			}
			ASSERT_EQ(0, memcmp(native.xmm, m.xmm, sizeof(m.xmm))) {
				TH_LOG("XMM registers of %s", row.text);
			}
		}
	}
}

/* Bytes that a hostile guest may put there. */
TEST(any_bytes_can_be_decoded)
{
	static const unsigned int modes[] = { 16, 32, 64 };
	uint8_t bytes[INSN_MAX_LENGTH];
	struct insn insn;
	char text[64];
	unsigned int i, k, mode;
	size_t len;
	int ret;

	for (i = 0; i < 300000; i++) {
		len = next_random() % (INSN_MAX_LENGTH + 1);
		for (k = 0; k < len; k++)
			bytes[k] = next_random();
		mode = modes[next_random() % 3];
		ret = insn_decode(bytes, len, mode, &insn);
		ASSERT_TRUE(ret == 0 || ret == -ENODATA || ret == -EILSEQ || ret == -EOPNOTSUPP);
		if (!ret) {
			ASSERT_LE(insn.length, len);
			ASSERT_LT(insn.kind, INSN_KINDS);
		}
		if (i % 64 == 0) {
			insn_text(bytes, len, mode, i, text, sizeof(text));
			ASSERT_LT(0, strlen(text));
			ASSERT_GT(sizeof(text), strlen(text));
		}
	}
}

static int fuzz_read(void *context, uint64_t linear, void *to, unsigned int len, bool rmw)
{
	(void)context;
	(void)linear;
	(void)rmw;
	memset(to, next_random(), len);
	return next_random() % 16 ? 0 : 7;
}

static int fuzz_write(void *context, uint64_t linear, const void *from, unsigned int len)
{
	(void)context;
	(void)linear;
	(void)from;
	(void)len;
	return next_random() % 16 ? 0 : 9;
}

/* And whatever decodes can be executed on whatever registers. */
TEST(whatever_decodes_can_be_emulated)
{
	static const struct emulate_bus bus = { .read = fuzz_read, .write = fuzz_write };
	static const unsigned int modes[] = { 16, 32, 64 };
	uint8_t bytes[INSN_MAX_LENGTH];
	static struct machine m, before;
	unsigned int i, k, done = 0;
	struct emulate_cpu cpu;
	struct insn insn;
	int ret;

	for (i = 0; i < 500000; i++) {
		for (k = 0; k < sizeof(bytes); k++)
			bytes[k] = next_random();
		if (insn_decode(bytes, sizeof(bytes), modes[i % 3], &insn))
			continue;
		fill(&m, next_random() % 2 ? 0x400 : 0);
		for (k = 0; k < 16; k++)
			m.gpr[k] = interesting();
		before = m;
		cpu = (struct emulate_cpu){
			.gpr = m.gpr,
			.rip = interesting(),
			.rflags = m.rflags,
			.xmm = m.xmm,
		};
		ret = emulate(&insn, &cpu, &bus);
		ASSERT_TRUE(ret == EMULATE_DONE || ret == EMULATE_AGAIN || ret == 7 || ret == 9);
		/* an access that failed: nothing has happened, but for rounds of a REP */
		if (ret > EMULATE_AGAIN && !insn.rep) {
			ASSERT_EQ(0, memcmp(before.gpr, m.gpr, sizeof(m.gpr)));
			ASSERT_EQ(0, memcmp(before.xmm, m.xmm, sizeof(m.xmm)));
		}
		done++;
	}
	ASSERT_LT(1000, done);
}

static int store_byte(void *context, uint64_t linear, const void *from, unsigned int len)
{
	uint8_t *memory = context;

	memcpy(memory + linear, from, len);
	return 0;
}

/* A round is a step: SDM 3B 18.3.1.4 */
TEST(with_tf_a_rep_does_one_round)
{
	static const uint8_t bytes[] = { 0xf3, 0xaa };	/* rep stosb */
	uint8_t memory[4] = { 0 };
	const struct emulate_bus bus = { .read = fuzz_read, .write = store_byte, .context = memory };
	uint64_t gpr[16] = { [RAX] = 0x55, [RCX] = 3 };
	struct emulate_cpu cpu = { .gpr = gpr, .rip = 0x1000, .rflags = 0x102 };
	struct insn insn;

	ASSERT_EQ(0, insn_decode(bytes, sizeof(bytes), 64, &insn));
	EXPECT_EQ(EMULATE_AGAIN, emulate(&insn, &cpu, &bus));
	EXPECT_EQ(2, gpr[RCX]);
	EXPECT_EQ(0x1000, cpu.rip);
	EXPECT_EQ(0, memory[1]);
	EXPECT_EQ(EMULATE_AGAIN, emulate(&insn, &cpu, &bus));
	EXPECT_EQ(EMULATE_DONE, emulate(&insn, &cpu, &bus));
	EXPECT_EQ(0, gpr[RCX]);
	EXPECT_EQ(0x1002, cpu.rip);
	EXPECT_EQ(0x55, memory[2]);
}

TEST_HARNESS_MAIN
