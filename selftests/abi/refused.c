// SPDX-License-Identifier: GPL-2.0
/* Is every value that linux/posada.h rules out refused with the errno it names? */
#include <sys/resource.h>

#include "guest_fixture.h"

TEST_F(guest, info)
{
	struct posada_info info = { .size = sizeof(info), .reserved = 1 };

	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.device, POSADA_INFO, &info));
}

TEST_F(guest, create_vm)
{
	struct posada_create_vm create = { .size = sizeof(create), .flags = 1 };

	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.device, POSADA_CREATE_VM, &create));
	create.flags = 1U << 31;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.device, POSADA_CREATE_VM, &create));
}

TEST_F(guest, no_room_for_a_file)
{
	struct posada_create_vm create_vm = { .size = sizeof(create_vm) };
	struct posada_create_vcpu create_vcpu = { .size = sizeof(create_vcpu), .id = 1 };
	struct rlimit limit = { .rlim_cur = self->cpu.fd + 1, .rlim_max = self->cpu.fd + 1 };
	int fd;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, posada_ioctl(self->vm.device, POSADA_CREATE_VM, &create_vm));
	EXPECT_EQ(-EMFILE, posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create_vcpu));
	/* and the id is still free */
	limit.rlim_cur = limit.rlim_max;
	close(0);
	fd = posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create_vcpu);
	EXPECT_EQ(0, fd);
}

TEST_F(guest, create_vcpu)
{
	struct posada_info info = device_info(self->vm.device);
	static const struct {
		struct posada_create_vcpu create;
		int error;
	} rows[] = {
		{ { .id = 1, .flags = 1 }, -EINVAL },
		{ { .id = 1, .reserved = 1 }, -EINVAL },
		{ { .id = 0 }, -EEXIST },
		{ { .id = UINT32_MAX }, -EINVAL },
		{ { .id = 1U << 31 }, -EINVAL },
	};
	struct posada_create_vcpu create;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		create = rows[i].create;
		create.size = sizeof(create);
		EXPECT_EQ(rows[i].error, posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create)) {
			TH_LOG("row %u", i);
		}
	}
	create = (struct posada_create_vcpu){ .size = sizeof(create), .id = info.max_vcpus };
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create));
}

/* The rows themselves are in vm/policy. */
TEST_F(guest, policy)
{
	struct posada_trap *traps = memory_get(0x8000);
	static const struct {
		uint32_t nr;
		uint32_t reserved;
		int error;
	} rows[] = {
		{ 0, 1, -EINVAL },
		{ POSADA_POLICY_MAX_TRAPS + 1, 0, -ENOSPC },
		{ UINT32_MAX, 0, -ENOSPC },
	};
	struct posada_policy policy;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		policy = (struct posada_policy){ .size = sizeof(policy), .nr = rows[i].nr,
						 .reserved = rows[i].reserved,
						 .traps = (uintptr_t)traps };
		EXPECT_EQ(rows[i].error, posada_ioctl(self->vm.fd, POSADA_POLICY_SET, &policy)) {
			TH_LOG("row %u", i);
		}
	}
	policy = (struct posada_policy){ .size = sizeof(policy), .nr = 1, .traps = 8 };
	EXPECT_EQ(-EFAULT, posada_ioctl(self->vm.fd, POSADA_POLICY_SET, &policy));
	policy.nr = 400;
	EXPECT_EQ(-EFAULT, posada_ioctl(self->vm.fd, POSADA_POLICY_GET, &policy));
	policy.reserved = 1;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_POLICY_GET, &policy));
	/* as many as there may be */
	for (i = 0; i < POSADA_POLICY_MAX_TRAPS; i++)
		traps[i] = (struct posada_trap){ .what = POSADA_TRAP_HLT,
						 .disposition = POSADA_USER };
	policy = (struct posada_policy){ .size = sizeof(policy), .nr = POSADA_POLICY_MAX_TRAPS,
					 .traps = (uintptr_t)traps };
	EXPECT_EQ(0, posada_ioctl(self->vm.fd, POSADA_POLICY_SET, &policy));
}

#define MAP POSADA_MEMORY_MAP
#define UNMAP POSADA_MEMORY_UNMAP

TEST_F(guest, memory_operations)
{
	uint64_t limit = 1ULL << device_info(self->vm.device).gpa_bits;
	uint64_t hva = (uintptr_t)memory_get(0x4000);
	struct {
		const char *what;
		struct posada_memory_op op;
		int error;
	} rows[] = {
		{ "op 2", { 2, 0, 0x400000, 0x1000, hva }, -EINVAL },
		{ "op ~0", { ~0U, 0, 0x400000, 0x1000, hva }, -EINVAL },
		{ "flag 4", { MAP, 4, 0x400000, 0x1000, hva }, -EINVAL },
		{ "flag 31", { MAP, 1U << 31, 0x400000, 0x1000, hva }, -EINVAL },
		{ "gpa not aligned", { MAP, 0, 0x400001, 0x1000, hva }, -EINVAL },
		{ "gpa half a page", { MAP, 0, 0x400800, 0x1000, hva }, -EINVAL },
		{ "length not aligned", { MAP, 0, 0x400000, 0x1001, hva }, -EINVAL },
		{ "length 0", { MAP, 0, 0x400000, 0, hva }, -EINVAL },
		{ "hva not aligned", { MAP, 0, 0x400000, 0x1000, hva + 8 }, -EINVAL },
		{ "gpa wraps", { MAP, 0, ~0xfffULL, 0x2000, hva }, -EINVAL },
		{ "gpa wraps to 0", { MAP, 0, ~0xfffULL, 0x1000, hva }, -EINVAL },
		{ "gpa at the limit", { MAP, 0, limit, 0x1000, hva }, -EINVAL },
		{ "end beyond the limit", { MAP, 0, limit - 0x1000, 0x2000, hva }, -EINVAL },
		{ "length ~0", { MAP, 0, 0x400000, ~0xfffULL, hva }, -EINVAL },
		{ "hva of the kernel", { MAP, 0, 0x400000, 0x1000, 0xffff888000000000 }, -EINVAL },
		{ "hva not canonical", { MAP, 0, 0x400000, 0x1000, 1ULL << 60 }, -EINVAL },
		{ "hva wraps", { MAP, 0, 0x400000, 0x2000, ~0xfffULL }, -EINVAL },
		{ "hva ends in the kernel",
		  { MAP, 0, 0x400000, 0x2000, 0x00007ffffffff000 }, -EINVAL },
		{ "unmap with flags", { UNMAP, 1, 0, 0x1000, 0 }, -EINVAL },
		{ "unmap with hva", { UNMAP, 0, 0, 0x1000, hva }, -EINVAL },
		{ "unmap not aligned", { UNMAP, 0, 1, 0x1000, 0 }, -EINVAL },
		{ "unmap length 0", { UNMAP, 0, 0, 0, 0 }, -EINVAL },
		{ "unmap length not aligned", { UNMAP, 0, 0, 0x800, 0 }, -EINVAL },
		{ "unmap wraps", { UNMAP, 0, ~0xfffULL, 0x2000, 0 }, -EINVAL },
		{ "unmap nothing", { UNMAP, 0, 0x400000, 0x1000, 0 }, -ENOENT },
		{ "map over RAM", { MAP, 0, 0x1000, 0x1000, hva }, -EEXIST },
	};
	uint32_t bad;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bad = 77;
		EXPECT_EQ(rows[i].error, __vm_memory(&self->vm, &rows[i].op, 1, &bad)) {
			TH_LOG("%s", rows[i].what);
		}
		EXPECT_EQ(0, bad) {
			TH_LOG("%s", rows[i].what);
		}
	}
	EXPECT_EQ(0, __vm_map(&self->vm, 0x400000, (void *)hva, 0x1000, 0));
}

TEST_F(guest, memory)
{
	struct posada_memory_op ops[POSADA_MEMORY_MAX_OPS + 1];
	struct posada_memory memory = {
		.size = sizeof(memory),
		.nr = 1,
		.ops = (uintptr_t)ops,
	};
	uint8_t *page = memory_get(0x1000);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct posada_memory_op){
			.op = MAP,
			.gpa = 0x400000 + 0x2000 * i,
			.length = 0x1000,
			.hva = (uintptr_t)page,
		};
	memory.flags = 1;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	EXPECT_EQ(UINT32_MAX, memory.bad_op);
	memory.flags = 0;
	memory.nr = 0;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	memory.nr = POSADA_MEMORY_MAX_OPS + 1;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	memory.nr = UINT32_MAX;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	memory.nr = 1;
	memory.ops = 0;
	EXPECT_EQ(-EFAULT, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	memory.ops = 0xffff888000000000;
	EXPECT_EQ(-EFAULT, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	memory.ops = (uintptr_t)ops;
	memory.nr = POSADA_MEMORY_MAX_OPS;
	EXPECT_EQ(0, posada_ioctl(self->vm.fd, POSADA_MEMORY, &memory));
	EXPECT_EQ(UINT32_MAX, memory.bad_op);
}

#define VECTOR POSADA_INTERRUPT_VECTOR
#define NMI POSADA_INTERRUPT_NMI
#define EXCEPTION POSADA_INTERRUPT_EXCEPTION
#define ERROR POSADA_INTERRUPT_ERROR_CODE

TEST_F(guest, interrupt)
{
	static const struct {
		const char *what;
		uint32_t type, vector, flags, error_code, reserved;
		uint64_t payload;
	} rows[] = {
		{ "type 3", 3, 0x41, 0, 0, 0, 0 },
		{ "type ~0", ~0U, 0x41, 0, 0, 0, 0 },
		{ "vector 0", VECTOR, 0, 0, 0, 0, 0 },
		{ "vector 15", VECTOR, 15, 0, 0, 0, 0 },
		{ "vector 256", VECTOR, 256, 0, 0, 0, 0 },
		{ "vector with error code", VECTOR, 0x41, ERROR, 0, 0, 0 },
		{ "vector with error", VECTOR, 0x41, 0, 1, 0, 0 },
		{ "vector with payload", VECTOR, 0x41, 0, 0, 0, 1 },
		{ "vector with reserved", VECTOR, 0x41, 0, 0, 1, 0 },
		{ "vector with flag 1", VECTOR, 0x41, 2, 0, 0, 0 },
		{ "NMI with vector", NMI, 2, 0, 0, 0, 0 },
		{ "NMI with error code", NMI, 0, ERROR, 0, 0, 0 },
		{ "NMI with payload", NMI, 0, 0, 0, 0, 1 },
		{ "exception 2", EXCEPTION, 2, 0, 0, 0, 0 },
		{ "exception 32", EXCEPTION, 32, 0, 0, 0, 0 },
		{ "exception ~0", EXCEPTION, ~0U, 0, 0, 0, 0 },
		{ "#UD with error code", EXCEPTION, 6, ERROR, 0, 0, 0 },
		{ "#UD with error", EXCEPTION, 6, 0, 1, 0, 0 },
		{ "#UD with payload", EXCEPTION, 6, 0, 0, 0, 1 },
		{ "#GP without error code", EXCEPTION, 13, 0, 0, 0, 0 },
		{ "#GP with payload", EXCEPTION, 13, ERROR, 0, 0, 1 },
		{ "#PF without error code", EXCEPTION, 14, 0, 0, 0, 0x1000 },
		{ "#GP with flag 1", EXCEPTION, 13, ERROR | 2, 0, 0, 0 },
		{ "#GP with error 10000h", EXCEPTION, 13, ERROR, 0x10000, 0, 0 },
		{ "#GP with reserved", EXCEPTION, 13, ERROR, 0, 1, 0 },
	};
	struct posada_interrupt interrupt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		interrupt = (struct posada_interrupt){
			.type = rows[i].type,
			.vector = rows[i].vector,
			.flags = rows[i].flags,
			.error_code = rows[i].error_code,
			.reserved = rows[i].reserved,
			.payload = rows[i].payload,
		};
		EXPECT_EQ(-EINVAL, __vcpu_interrupt(&self->cpu, &interrupt)) {
			TH_LOG("%s", rows[i].what);
		}
	}
}

/* Which exceptions push an error code depends on the mode. */
TEST_F(guest, error_codes_in_real_mode)
{
	struct posada_interrupt interrupt = { .type = EXCEPTION, .vector = 13 };

	boot_real(&self->cpu);
	interrupt.flags = ERROR;
	EXPECT_EQ(-EINVAL, __vcpu_interrupt(&self->cpu, &interrupt));
	interrupt.flags = 0;
	EXPECT_EQ(0, __vcpu_interrupt(&self->cpu, &interrupt));
}

TEST_F(guest, error_codes_in_protected_mode)
{
	static const uint8_t with[] = { 8, 10, 11, 12, 13, 14, 17 };
	static const uint8_t without[] = { 0, 1, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19, 20 };
	struct posada_interrupt interrupt = { .type = EXCEPTION };
	struct posada_state none = { .size = sizeof(none) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with) + ARRAY_SIZE(without); i++) {
		bool error = i < ARRAY_SIZE(with);

		interrupt.vector = error ? with[i] : without[i - ARRAY_SIZE(with)];
		interrupt.flags = error ? ERROR : 0;
		EXPECT_EQ(0, __vcpu_interrupt(&self->cpu, &interrupt)) {
			TH_LOG("exception %u", interrupt.vector);
		}
		vcpu_state_set(&self->cpu, &none, POSADA_STATE_EVENTS);
	}
}

TEST_F(guest, stats)
{
	struct posada_stats stats = { .size = sizeof(stats), .reserved = 1 };

	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATS, &stats));
}

TEST_F(guest, state_groups)
{
	struct posada_state state = { .size = sizeof(state), .groups = 1U << 9 };

	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
	state.groups = 1U << 31;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
	state.groups = 0;
	EXPECT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
}

TEST_F(guest, state_that_lies_beyond_the_struct)
{
	static const uint32_t end = sizeof(struct posada_state);
	struct posada_state state = { .groups = POSADA_STATE_TSC };
	uint32_t size;

	for (size = offsetof(struct posada_state, tsc); size <= end; size += 4) {
		state.size = size;
		EXPECT_EQ(size < end ? -EINVAL : 0,
			  posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
		EXPECT_EQ(size < end ? -EINVAL : 0,
			  posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
	}
}

TEST_F(guest, state_arrays)
{
	struct posada_info info = device_info(self->vm.device);
	struct posada_state state = {
		.size = sizeof(state),
		.groups = POSADA_STATE_MSRS,
		.nr_msrs = 1,
		.msrs = 0x10,
	};

	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
	state.nr_msrs = UINT32_MAX;
	EXPECT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	state = (struct posada_state){
		.size = sizeof(state),
		.groups = POSADA_STATE_XSAVE,
		.xsave_size = info.xsave_size,
		.xsave = 0xffff888000000000,
	};
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_STATE_SET, &state));
	state.xsave_size = 0;
	EXPECT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
}

static int cpuid(int fd, unsigned long request, struct posada_cpuid_entry *entries, uint32_t *nr)
{
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = *nr,
		.entries = (uintptr_t)entries,
	};
	int ret = __posada_ioctl(fd, request, (uintptr_t)&table);

	*nr = table.nr;
	return ret;
}

TEST_F(guest, cpuid_get)
{
	uint32_t max = device_info(self->vm.device).max_cpuid, nr = 0, all;
	struct posada_cpuid_entry *entries = calloc(max, sizeof(*entries));

	EXPECT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_GET, NULL, &nr));
	ASSERT_LT(1, nr);
	all = nr;
	nr = all - 1;
	EXPECT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_GET, entries, &nr));
	EXPECT_EQ(all, nr);
	EXPECT_EQ(-EFAULT, cpuid(self->cpu.fd, POSADA_CPUID_GET, NULL, &nr));
	nr = max;
	EXPECT_EQ(0, cpuid(self->cpu.fd, POSADA_CPUID_GET, entries, &nr));
	EXPECT_EQ(all, nr);
	nr = 0;
	EXPECT_EQ(-ENOSPC, cpuid(self->vm.device, POSADA_CPUID_SUPPORTED, NULL, &nr));
	EXPECT_LT(1, nr);
	free(entries);
}

/* A new vCPU has the supported table, and may be given it back. */
TEST_F(guest, cpuid_supported_can_be_set)
{
	uint32_t max = device_info(self->vm.device).max_cpuid, nr = max, nr_vcpu = max, i, k;
	struct posada_cpuid_entry *supported = calloc(max, sizeof(*supported));
	struct posada_cpuid_entry *entries = calloc(max, sizeof(*entries));

	ASSERT_EQ(0, cpuid(self->vm.device, POSADA_CPUID_SUPPORTED, supported, &nr));
	ASSERT_EQ(0, cpuid(self->cpu.fd, POSADA_CPUID_GET, entries, &nr_vcpu));
	ASSERT_EQ(nr, nr_vcpu);
	/* in whatever order, and but for the APIC id, which is the vCPU's */
	for (i = 0; i < nr; i++) {
		for (k = 0; k < nr; k++)
			if (entries[k].leaf == supported[i].leaf &&
			    entries[k].subleaf == supported[i].subleaf)
				break;
		ASSERT_LT(k, nr) {
			TH_LOG("leaf %#x.%u is not there", supported[i].leaf, supported[i].subleaf);
		}
		if (supported[i].leaf == 1)
			entries[k].ebx = (entries[k].ebx & 0x00ffffff) |
					 (supported[i].ebx & 0xff000000);
		if (supported[i].leaf == 0xb || supported[i].leaf == 0x1f)
			entries[k].edx = supported[i].edx;
		EXPECT_EQ(0, memcmp(&supported[i], &entries[k], sizeof(*entries))) {
			TH_LOG("leaf %#x.%u", entries[k].leaf, entries[k].subleaf);
		}
	}
	EXPECT_EQ(0, cpuid(self->cpu.fd, POSADA_CPUID_SET, supported, &nr));
	free(supported);
	free(entries);
}

TEST_F(guest, cpuid_set)
{
	uint32_t max = device_info(self->vm.device).max_cpuid, nr, before, i;
	struct posada_cpuid_entry *many = calloc(max + 1, sizeof(*many));
	static const struct {
		const char *what;
		struct posada_cpuid_entry entry;
	} rows[] = {
		{ "flag 1", { .leaf = 4, .flags = 2 } },
		{ "reserved", { .leaf = 4, .reserved = 1 } },
		{ "subleaf without flag", { .leaf = 4, .subleaf = 1 } },
		/* what a guest could reach host state with */
		{ "VMX", { .leaf = 1, .ecx = 1 << 5, .edx = 0x0788fbff } },
		{ "SMX", { .leaf = 1, .ecx = 1 << 6, .edx = 0x0788fbff } },
		{ "XCR0 bit 62", { .leaf = 0xd, .flags = POSADA_CPUID_SUBLEAF, .eax = 7,
				   .edx = 1U << 30 } },
		{ "PKU", { .leaf = 7, .flags = POSADA_CPUID_SUBLEAF, .ecx = 1 << 3 } },
		{ "XSAVES", { .leaf = 0xd, .subleaf = 1, .flags = POSADA_CPUID_SUBLEAF,
			      .eax = 1 << 3 } },
	};

	nr = 0;
	ASSERT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_GET, NULL, &nr));
	before = nr;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct posada_cpuid_entry entry = rows[i].entry;

		nr = 1;
		EXPECT_EQ(-EINVAL, cpuid(self->cpu.fd, POSADA_CPUID_SET, &entry, &nr)) {
			TH_LOG("%s", rows[i].what);
		}
	}
	nr = 1;
	EXPECT_EQ(-EFAULT, cpuid(self->cpu.fd, POSADA_CPUID_SET, NULL, &nr));
	nr = max + 1;
	EXPECT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_SET, many, &nr));
	nr = UINT32_MAX;
	EXPECT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_SET, many, &nr));
	/* the table is as it was */
	nr = 0;
	EXPECT_EQ(-ENOSPC, cpuid(self->cpu.fd, POSADA_CPUID_GET, NULL, &nr));
	EXPECT_EQ(before, nr);
	free(many);
}

TEST_HARNESS_MAIN
