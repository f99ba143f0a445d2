// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <sys/mman.h>

#include "requests.h"

/*
 * Arrays that arguments point to, within the reach of 32-bit pointers so that
 * the same rows serve for 32-bit callers.
 */
static void *low_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	require(memory != MAP_FAILED);
	return memory;
}

static void nothing(union request_argument *argument)
{
	(void)argument;
}

static void cpuid_room(union request_argument *argument)
{
	argument->cpuid.nr = 256;
	argument->cpuid.entries = (uintptr_t)low_memory(256 * sizeof(struct posada_cpuid_entry));
}

static void cpuid_table(union request_argument *argument)
{
	struct posada_cpuid_entry *entries = low_memory(0x1000);

	entries[0] = (struct posada_cpuid_entry){ .leaf = 0, .eax = 1 };
	entries[1] = (struct posada_cpuid_entry){ .leaf = 1, .eax = 0x306c3, .edx = 0x0788fbff };
	argument->cpuid.nr = 2;
	argument->cpuid.entries = (uintptr_t)entries;
}

/* Elsewhere each time, so that it can be mapped more than once. */
static void map_a_page(union request_argument *argument)
{
	struct posada_memory_op *op = low_memory(0x1000);
	static uint64_t gpa = 0x10000000;

	op->op = POSADA_MEMORY_MAP;
	op->gpa = gpa += 0x2000;
	op->length = 0x1000;
	op->hva = (uintptr_t)low_memory(0x1000);
	argument->memory.nr = 1;
	argument->memory.ops = (uintptr_t)op;
}

static void next_vcpu(union request_argument *argument)
{
	argument->create_vcpu.id = 1;
}

static void policy_room(union request_argument *argument)
{
	argument->policy.nr = 400;
	argument->policy.traps = (uintptr_t)low_memory(400 * sizeof(struct posada_trap));
}

static void policy_row(union request_argument *argument)
{
	struct posada_trap *trap = low_memory(0x1000);

	trap->what = POSADA_TRAP_PAUSE;
	trap->disposition = POSADA_EMULATE;
	argument->policy.nr = 1;
	argument->policy.traps = (uintptr_t)trap;
}

static void vector(union request_argument *argument)
{
	argument->interrupt.type = POSADA_INTERRUPT_VECTOR;
	argument->interrupt.vector = 0x41;
}

static void log_exits(union request_argument *argument)
{
	argument->guest_debug.flags = POSADA_DEBUG_LOG;
}

static void exits_room(union request_argument *argument)
{
	argument->last_exits.nr = POSADA_LAST_EXITS_MAX;
	argument->last_exits.entries =
		(uintptr_t)low_memory(POSADA_LAST_EXITS_MAX * sizeof(struct posada_last_exit));
}

static void get_registers(union request_argument *argument)
{
	argument->state.groups = POSADA_STATE_REGS | POSADA_STATE_DEBUG;
}

static void set_registers(union request_argument *argument)
{
	argument->state.groups = POSADA_STATE_REGS;
	argument->state.regs.rip = GUEST_CODE_AT;
	argument->state.regs.rflags = RFLAGS_FIXED;
}

#define STRUCT(type) .size = sizeof(struct type)

const struct request requests[] = {
	{ "INFO", DEVICE_FILE, POSADA_INFO, STRUCT(posada_info), .writes_back = true,
	  .fill = nothing },
	{ "CREATE_VM", DEVICE_FILE, POSADA_CREATE_VM, STRUCT(posada_create_vm),
	  .makes_file = true, .fill = nothing },
	{ "CPUID_SUPPORTED", DEVICE_FILE, POSADA_CPUID_SUPPORTED, STRUCT(posada_cpuid),
	  .writes_back = true, .fill = cpuid_room },
	{ "MEMORY", VM_FILE, POSADA_MEMORY, STRUCT(posada_memory), .writes_back = true,
	  .fill = map_a_page },
	{ "CREATE_VCPU", VM_FILE, POSADA_CREATE_VCPU, STRUCT(posada_create_vcpu),
	  .makes_file = true, .fill = next_vcpu },
	{ "POLICY_GET", VM_FILE, POSADA_POLICY_GET, STRUCT(posada_policy), .writes_back = true,
	  .fill = policy_room },
	{ "POLICY_SET", VM_FILE, POSADA_POLICY_SET, STRUCT(posada_policy), .writes_back = true,
	  .fill = policy_row },
	{ .name = "RUN", .kind = VCPU_FILE, .number = POSADA_RUN },
	{ .name = "KICK", .kind = VCPU_FILE, .number = POSADA_KICK },
	{ "INTERRUPT", VCPU_FILE, POSADA_INTERRUPT, STRUCT(posada_interrupt), .fill = vector },
	{ "STATS", VCPU_FILE, POSADA_STATS, STRUCT(posada_stats), .writes_back = true,
	  .fill = nothing },
	{ "GUEST_DEBUG", VCPU_FILE, POSADA_GUEST_DEBUG, STRUCT(posada_guest_debug),
	  .fill = log_exits },
	{ "LAST_EXITS", VCPU_FILE, POSADA_LAST_EXITS, STRUCT(posada_last_exits),
	  .writes_back = true, .fill = exits_room },
	{ "EXPLAIN", VCPU_FILE, POSADA_EXPLAIN, STRUCT(posada_explain), .writes_back = true,
	  .answer = -ENOENT, .fill = nothing },
	{ "STATE_GET", VCPU_FILE, POSADA_STATE_GET, STRUCT(posada_state), .published = 608,
	  .writes_back = true, .fill = get_registers },
	{ "STATE_SET", VCPU_FILE, POSADA_STATE_SET, STRUCT(posada_state), .published = 608,
	  .writes_back = true, .fill = set_registers },
	{ "CPUID_GET", VCPU_FILE, POSADA_CPUID_GET, STRUCT(posada_cpuid), .writes_back = true,
	  .fill = cpuid_room },
	{ "CPUID_SET", VCPU_FILE, POSADA_CPUID_SET, STRUCT(posada_cpuid), .fill = cpuid_table },
};

const unsigned int nr_requests = sizeof(requests) / sizeof(requests[0]);
