// SPDX-License-Identifier: GPL-2.0
#include "proof.h"

#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>

#include "kvm_modules.h"

#define END_AT		0x1ff00
#define NEIGHBOURS	0x10000
#define PATTERN		0xa5

GUEST_CODE(end,
"	out %al, $" GUEST_STR(PROOF_END_PORT) "\n"
"	iretq\n");

/* Every page is there before it counts. */
GUEST_CODE(warms_up,
"	mov $" GUEST_STR(GUEST_RAM_SIZE) " - 0x1000, %ebx\n"
"1:	lock orb $0, (%rbx)\n"
"	sub $0x1000, %ebx\n"
"	jnc 1b\n"
	PROOF_END);

/* ---- memory: what lies beside it in the process is nobody's business ------------------- */

static uint8_t *get_ram(void)
{
	uint8_t *all = memory_get(GUEST_RAM_SIZE + 2 * NEIGHBOURS);

	memset(all, PATTERN, NEIGHBOURS);
	memset(all + NEIGHBOURS + GUEST_RAM_SIZE, PATTERN, NEIGHBOURS);
	return all + NEIGHBOURS;
}

static void put_ram(uint8_t *ram)
{
	unsigned int i;

	for (i = 0; i < NEIGHBOURS; i++)
		if (ram[-1 - (int)i] != PATTERN || ram[GUEST_RAM_SIZE + i] != PATTERN)
			die("memory beside the guest's has changed");
	munmap(ram - NEIGHBOURS, GUEST_RAM_SIZE + 2 * NEIGHBOURS);
}

/* ---- life ---------------------------------------------------------------------------- */

/* The last VM of the other one may be on its way out. */
static int create(struct proof *p)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < 2000; tries++) {
		ret = p->driver->create(&p->driver_vm);
		if (ret != -EBUSY)
			break;
		usleep(1000);
	}
	return ret;
}

static void make(struct proof *p)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_MAP,
		.length = GUEST_RAM_SIZE,
		.hva = (uintptr_t)p->vm.ram,
	};
	int ret = create(p);

	if (!ret)
		ret = p->driver->memory(&p->driver_vm, &op, 1, NULL);
	if (!ret)
		ret = p->driver->create_vcpu(&p->driver_vm, 0, &p->cpu);
	if (ret)
		die("making a VM of %s: %s", p->driver->name, strerror(-ret));
	p->run = p->cpu.run;
	p->run->flags = POSADA_RUN_EXIT_HLT;
}

const char *proof_open(struct proof *p, const char *driver)
{
	static char reason[128];
	struct posada_state state;
	const char *missing;
	int ret;

	memset(p, 0, sizeof(*p));
	p->driver = driver_find(driver);
	p->is_posada = p->driver == &driver_posada;
	p->driver_vm.driver = p->driver;
	missing = p->is_posada ? posada_missing() : kvm_load();
	if (missing)
		return missing;
	ret = p->driver->open(&p->driver_vm);
	if (ret) {
		snprintf(reason, sizeof(reason), "%s: %s", p->driver->device, strerror(-ret));
		return reason;
	}
	p->vm = (struct vm){ .device = -1, .fd = -1, .ram = get_ram() };
	make(p);
	state = proof_state(p, BOOT_GROUPS);
	boot_long_state(&p->vm, &state);
	proof_state_set(p, &state, BOOT_GROUPS);
	vm_load(&p->vm, END_AT, end, end_end);
	boot_idt_gate(&p->vm, PROOF_END_VECTOR, END_AT, 0);
	proof_code(p, warms_up);
	proof_run(p);
	proof_state_set(p, &state, BOOT_GROUPS);
	p->exits_before = proof_exits(p);
	return NULL;
}

static void unmake(struct proof *p)
{
	p->driver->destroy_vcpu(&p->cpu);
	p->driver->destroy(&p->driver_vm);
}

void proof_close(struct proof *p)
{
	unmake(p);
	p->driver->close(&p->driver_vm);
	put_ram(p->vm.ram);
	if (!p->is_posada)
		kvm_release();
}

void proof_move(struct proof *p)
{
	const uint32_t groups = BOOT_GROUPS | POSADA_STATE_DEBUG | POSADA_STATE_EVENTS;
	struct posada_state state = proof_state(p, groups);

	unmake(p);
	make(p);
	proof_state_set(p, &state, groups);
}

/* ---- running ----------------------------------------------------------------------------- */

static void tell(struct proof *p)
{
	const uint32_t groups = BOOT_GROUPS | POSADA_STATE_EVENTS;
	struct posada_run *run = p->run;
	struct posada_state state = proof_state(p, groups);
	struct guest_log *log = vm_log(&p->vm);
	unsigned int i;

	printf("#   %s: reason %s, hw_reason %u, rip %#llx, rflags %#llx, qualification %#llx%s%s\n",
	       p->driver->name, exit_name(run->reason), run->hw_reason, run->rip, run->rflags,
	       run->qualification, p->cpu.words ? ", " : "", p->cpu.words ? p->cpu.words : "");
	for (i = 0; i < 16; i += 4)
		printf("#   r%u-%u %#llx %#llx %#llx %#llx\n", i, i + 3, run->regs[i],
		       run->regs[i + 1], run->regs[i + 2], run->regs[i + 3]);
	printf("#   union %#llx %#llx %#llx %#llx\n", run->raw[0], run->raw[1], run->raw[2],
	       run->raw[3]);
	printf("#   cs %#x ss %#x cr0 %#llx cr3 %#llx cr4 %#llx rsp %#llx shadow %#x event %#x\n",
	       state.segments.cs.selector, state.segments.ss.selector, state.control.cr0,
	       state.control.cr3, state.control.cr4, state.regs.gpr[POSADA_RSP],
	       state.events.shadow, state.events.event);
	for (i = log->count > 4 ? log->count - 4 : 0; i < log->count; i++)
		printf("#   event %u: vector %" PRIu64 " error %#" PRIx64 " rip %#" PRIx64
		       " cr2 %#" PRIx64 "\n", i, vm_event(&p->vm, i)->vector,
		       vm_event(&p->vm, i)->error, vm_event(&p->vm, i)->rip,
		       vm_event(&p->vm, i)->cr2);
}

static int run(struct proof *p)
{
	int ret;

	do {
		ret = p->driver->run(&p->cpu);
	} while (ret == -EINTR);
	return ret;
}

void proof_run_to_at(struct proof *p, uint32_t reason, const char *file, int line)
{
	int ret = run(p);

	if (!ret && p->run->reason == reason &&
	    !(reason == POSADA_EXIT_IO && p->run->io.port == GUEST_PANIC_PORT))
		return;
	printf("# %s:%d: RUN should have come to exit %s, but came to %s: %s\n", file, line,
	       exit_name(reason), exit_name(p->run->reason), strerror(-ret));
	tell(p);
	fflush(stdout);
	_exit(1);
}

void proof_run_on_at(struct proof *p, const char *file, int line)
{
	p->run->apply = POSADA_APPLY_SKIP;
	proof_run_to_at(p, POSADA_EXIT_IO, file, line);
}

static void *run_thread(void *p)
{
	return (void *)(intptr_t)run(p);
}

void proof_start(struct proof *p, pthread_t *thread)
{
	int ret = pthread_create(thread, NULL, run_thread, p);

	if (ret)
		die("pthread_create: %s", strerror(ret));
}

void proof_join(pthread_t thread)
{
	void *result;
	int ret = pthread_join(thread, &result);

	if (ret)
		die("pthread_join: %s", strerror(ret));
	if (result)
		die("RUN: %s", strerror(-(int)(intptr_t)result));
}

/* ---- looking in ------------------------------------------------------------------------------ */

struct posada_state proof_state(struct proof *p, uint32_t groups)
{
	struct posada_state state = { 0 };
	int ret = p->driver->state_get(&p->cpu, &state, groups);

	if (ret)
		die("%s: getting state %#x: %s", p->driver->name, groups, strerror(-ret));
	return state;
}

void proof_state_set(struct proof *p, struct posada_state *state, uint32_t groups)
{
	int ret = p->driver->state_set(&p->cpu, state, groups);

	if (ret)
		die("%s: setting state %#x: %s; bad %#x", p->driver->name, groups,
		    strerror(-ret), state->bad);
}

void proof_msr_set(struct proof *p, uint32_t index, uint64_t value)
{
	struct posada_msr msr = { .index = index, .value = value };
	struct posada_state state = { .nr_msrs = 1, .msrs = (uintptr_t)&msr };

	proof_state_set(p, &state, POSADA_STATE_MSRS);
}

static void queue(struct proof *p, struct posada_interrupt event)
{
	int ret = p->driver->interrupt(&p->cpu, &event);

	if (ret)
		die("%s: queueing an event: %s", p->driver->name, strerror(-ret));
}

void proof_interrupt(struct proof *p, uint8_t vector)
{
	queue(p, (struct posada_interrupt){ .type = POSADA_INTERRUPT_VECTOR, .vector = vector });
}

void proof_nmi(struct proof *p)
{
	queue(p, (struct posada_interrupt){ .type = POSADA_INTERRUPT_NMI });
}

struct posada_stats proof_stats(struct proof *p)
{
	struct posada_stats stats = { 0 };
	int ret = p->driver->stats(&p->cpu, &stats);

	if (ret)
		die("%s: statistics: %s", p->driver->name, strerror(-ret));
	return stats;
}

/* Interrupts of the host, EPT violations, the end of a time slice. */
uint64_t proof_exits(struct proof *p)
{
	struct posada_stats stats = proof_stats(p);

	return stats.entries - stats.exits[1] - stats.exits[48] -
	       stats.exits[52] - p->exits_before;
}

bool proof_policy(struct proof *p, const struct posada_trap *rows, uint32_t nr)
{
	char why[POSADA_POLICY_WHY];
	uint32_t bad;
	int ret;

	if (!p->driver->policy_set)
		return false;
	ret = p->driver->policy_set(&p->driver_vm, rows, nr, &bad, why);
	if (ret == -EOPNOTSUPP)
		return false;
	if (ret)
		die("row %u of the policy: %s: %s", bad, strerror(-ret), why);
	return true;
}

uint64_t proof_hits(struct proof *p, uint32_t row)
{
	static struct posada_trap rows[4096];
	uint32_t nr = ARRAY_SIZE(rows);
	int ret = p->driver->policy_get(&p->driver_vm, rows, &nr);

	if (ret)
		die("getting the policy: %s", strerror(-ret));
	require(row < nr);
	return rows[row].hits;
}
