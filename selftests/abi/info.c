// SPDX-License-Identifier: GPL-2.0
/* Does INFO tell what is so? */
#include <sched.h>

#include "guest_fixture.h"

TEST_F(guest, version_and_limits)
{
	struct posada_info info = device_info(self->vm.device);

	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(POSADA_ABI_VERSION, info.abi_version);
	EXPECT_LT(1, info.max_vcpus);
	EXPECT_LT(1, info.max_ranges);
	EXPECT_LE(36, info.gpa_bits);
	EXPECT_GE(52, info.gpa_bits);
	EXPECT_LE(sizeof(struct posada_run), info.run_size);
	EXPECT_LE(512 + 64, info.xsave_size);
	EXPECT_LT(0, info.max_cpuid);
	EXPECT_LE(16, info.max_msrs);
	EXPECT_EQ(0, info.reserved);
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), info.cpus_online);
	/* SDM 3C 25.2: bit 31 of a revision identifier is 0 */
	EXPECT_EQ(0, info.vmcs_revision >> 31);
	EXPECT_NE(0, info.vmcs_revision);
}

TEST_F(guest, xsave)
{
	struct posada_info info = device_info(self->vm.device);
	uint32_t eax, edx;

	if (!(info.features & POSADA_FEATURE_XSAVE)) {
		EXPECT_EQ(0, info.xcr0);
		return;
	}
	asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	EXPECT_EQ(1, info.xcr0 & 1);
	EXPECT_EQ(0, info.xcr0 & ~(eax | (uint64_t)edx << 32));
}

TEST_F(guest, a_vm_exists_so_there_is_a_way)
{
	struct posada_info info = device_info(self->vm.device);

	EXPECT_NE(POSADA_WAY_NONE, info.way);
	EXPECT_NE(POSADA_HOLDER_OTHER, info.holder);
	if (info.way == POSADA_WAY_RESIDENT) {
		EXPECT_EQ(POSADA_HOLDER_POSADA, info.holder);
		EXPECT_NE(0, info.features & POSADA_FEATURE_RESIDENT);
	} else {
		EXPECT_EQ(POSADA_HOLDER_NONE, info.holder);
		EXPECT_NE(0, info.features & POSADA_FEATURE_WINDOW);
	}
}

/* With no VM nobody holds VMX: another hypervisor may come. */
TEST(no_vm_no_holder)
{
	struct posada_info info;
	int device;

	NEEDS_POSADA();
	device = device_open();
	info = device_info(device);
	EXPECT_EQ(POSADA_HOLDER_NONE, info.holder);
	EXPECT_NE(POSADA_WAY_NONE, info.way);
	close(device);
}

TEST_F(guest, as_many_vcpus_as_it_tells)
{
	uint32_t max = device_info(self->vm.device).max_vcpus, i;
	struct posada_create_vcpu create = { .size = sizeof(create) };
	int fd;

	for (i = 1; i < max; i++) {
		create.id = i;
		fd = posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create);
		ASSERT_LE(0, fd);
	}
	create.id = max;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create));
	create.id = max - 1;
	EXPECT_EQ(-EEXIST, posada_ioctl(self->vm.fd, POSADA_CREATE_VCPU, &create));
}

TEST_HARNESS_MAIN
