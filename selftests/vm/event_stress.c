// SPDX-License-Identifier: GPL-2.0
/*
 * Does every event that several threads queue at once arrive, and once?  Each waits for
 * its event to be handled before it queues the next, so none may be merged with another,
 * and the guest's counts must be the threads'.
 */
#include <sched.h>

#include "guest_fixture.h"
#include "runner.h"

#define THREADS		4
#define VECTORS_EACH	4
#define ROUNDS		60
#define FIRST_VECTOR	0x40
#define NMI_COUNT	(THREADS * VECTORS_EACH)

/* A count has a cache line to itself; the handlers are 16 bytes each. */
GUEST_CODE(counts,
"	xor %eax, %eax\n"
"1:	cpuid\n"
"	xor %eax, %eax\n"
"	sti\n"
"	nop\n"
"	cli\n"
"	mov %ss, %edx\n"
"	sti\n"
"	mov %edx, %ss\n"
"	cpuid\n"
"	xor %eax, %eax\n"
"	cli\n"
"	cmpl $0, DATA + 0x1000\n"
"	jne 2f\n"
"	sti\n"
"	hlt\n"
"	jmp 1b\n"
"2:	out %al, $0xf4\n"
"	.balign 16\n"
"counts_handlers:\n"
"	.set i, 0\n"
"	.rept 17\n"
"	lock incl DATA + 64 * i\n"
"	iretq\n"
"	.balign 16\n"
"	.set i, i + 1\n"
"	.endr\n");
GUEST_LABEL(counts_handlers);

static volatile uint32_t *count(struct vm *vm, unsigned int i)
{
	return (uint32_t *)(vm->ram + GUEST_DATA) + 16 * i;
}

struct sender {
	struct vcpu *cpu;
	pthread_t thread;
	unsigned int first, nr;		/* counts that are its own */
	unsigned int rounds;
	uint32_t doubled;
};

static void send(struct vcpu *cpu, unsigned int i)
{
	if (i == NMI_COUNT)
		vcpu_nmi(cpu);
	else
		vcpu_interrupt(cpu, FIRST_VECTOR + 16 * (i / VECTORS_EACH) + i % VECTORS_EACH);
}

/* Not asleep at once: the next event shall meet the guest on its way to HLT. */
static void wait_for_count(volatile uint32_t *word, uint32_t at_least)
{
	unsigned int spin;

	for (spin = 0; *word < at_least; spin++) {
		if (spin > 2000 || spin % 64 == 63)
			sched_yield();
		if (spin > 2000)
			relax();
	}
}

static void *send_all(void *argument)
{
	struct sender *sender = argument;
	unsigned int round, i;

	for (round = 1; round <= sender->rounds; round++) {
		for (i = sender->first; i < sender->first + sender->nr; i++)
			send(sender->cpu, i);
		for (i = sender->first; i < sender->first + sender->nr; i++) {
			wait_for_count(count(sender->cpu->vm, i), round);
			sender->doubled += *count(sender->cpu->vm, i) != round;
		}
	}
	return NULL;
}

static void prepare(struct vcpu *cpu)
{
	unsigned int i;

	vcpu_code(cpu, counts);
	for (i = 0; i <= NMI_COUNT; i++)
		boot_idt_gate(cpu->vm, i == NMI_COUNT ? 2 :
			      FIRST_VECTOR + 16 * (i / VECTORS_EACH) + i % VECTORS_EACH,
			      guest_address(counts, counts_handlers) + 16 * i, 0);
	cpu->run->flags = 0;
}

static void start(struct sender *sender, struct vcpu *cpu, unsigned int first, unsigned int nr,
		  unsigned int rounds)
{
	*sender = (struct sender){ .cpu = cpu, .first = first, .nr = nr, .rounds = rounds };
	require(pthread_create(&sender->thread, NULL, send_all, sender) == 0);
}

static void stop(struct vcpu *cpu)
{
	*count(cpu->vm, 64) = 1;
	vcpu_nmi(cpu);		/* out of HLT */
}

TEST_F_TIMEOUT(guest, several_threads_and_vectors_and_nmis, 240)
{
	struct sender senders[THREADS + 1];
	struct runner runner;
	unsigned int i;

	prepare(&self->cpu);
	runner_start(&runner, &self->cpu);
	for (i = 0; i < THREADS; i++)
		start(&senders[i], &self->cpu, i * VECTORS_EACH, VECTORS_EACH, ROUNDS);
	start(&senders[THREADS], &self->cpu, NMI_COUNT, 1, ROUNDS);
	for (i = 0; i <= THREADS; i++) {
		require(pthread_join(senders[i].thread, NULL) == 0);
		EXPECT_EQ(0, senders[i].doubled);
	}
	for (i = 0; i <= NMI_COUNT; i++) {
		EXPECT_EQ(ROUNDS, *count(&self->vm, i)) {
			TH_LOG("count %u", i);
		}
	}
	stop(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_IO, self->run->reason);
	EXPECT_EQ(THREADS * VECTORS_EACH * ROUNDS, vcpu_stats(&self->cpu).irq);
}

/* One thread, one vector: as soon as it is handled the next comes, about when HLT does. */
TEST_F_TIMEOUT(guest, no_wake_up_is_lost, 240)
{
	struct sender sender;
	struct runner runner;

	prepare(&self->cpu);
	runner_start(&runner, &self->cpu);
	start(&sender, &self->cpu, 0, 1, 2000);
	require(pthread_join(sender.thread, NULL) == 0);
	EXPECT_EQ(0, sender.doubled);
	EXPECT_EQ(2000, *count(&self->vm, 0));
	stop(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
}

struct kicker {
	struct vcpu *cpu;
	pthread_t thread;
	bool stop;
};

static void *kick_on(void *argument)
{
	struct kicker *kicker = argument;

	while (!__atomic_load_n(&kicker->stop, __ATOMIC_ACQUIRE)) {
		vcpu_kick(kicker->cpu);
		relax();
	}
	return NULL;
}

/* Offers that are made, withdrawn and made again at random: each TAKEN is one interrupt. */
TEST_F_TIMEOUT(guest, every_taken_offer_is_one_interrupt, 240)
{
	const uint32_t offer = POSADA_OFFER_VALID | FIRST_VECTOR;
	struct kicker kicker = { .cpu = &self->cpu };
	uint32_t taken = 0, runs;

	prepare(&self->cpu);
	require(pthread_create(&kicker.thread, NULL, kick_on, &kicker) == 0);
	for (runs = 0; runs < 400; runs++) {
		self->run->offer = runs % 3 ? offer : 0;
		vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
		if (self->run->status & POSADA_STATUS_TAKEN) {
			EXPECT_EQ(0, self->run->offer);
			taken++;
		} else {
			EXPECT_EQ(runs % 3 ? offer : 0, self->run->offer);
		}
	}
	__atomic_store_n(&kicker.stop, true, __ATOMIC_RELEASE);
	require(pthread_join(kicker.thread, NULL) == 0);
	/* one may be on its way: let the guest get to where it stops */
	self->run->offer = 0;
	stop(&self->cpu);
	do {
		require(__vcpu_run_on(&self->cpu) == 0);
	} while (self->run->reason == POSADA_EXIT_KICK);
	EXPECT_EQ(POSADA_EXIT_IO, self->run->reason);
	EXPECT_EQ(taken, *count(&self->vm, 0));
	EXPECT_LT(100, taken);
}

TEST_HARNESS_MAIN
