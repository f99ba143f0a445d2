// SPDX-License-Identifier: GPL-2.0
/* While another hypervisor holds VMX: refused by name, nothing broken, and fine after? */
#include <fcntl.h>
#include <linux/kvm.h>

#include "kvm_modules.h"
#include "test.h"

FIXTURE(kvm) {
	int kvm;
};

FIXTURE_SETUP(kvm)
{
	const char *missing;

	NEEDS_POSADA();
	missing = kvm_load();
	if (missing)
		SKIP_NOW("%s", missing);
	while ((self->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) < 0)
		usleep(1000);
}

FIXTURE_TEARDOWN(kvm)
{
	close(self->kvm);
	kvm_unload();
}

GUEST_CODE(runs,
"	mov $0x55, %eax\n"
"	hlt\n");

static void run_a_guest(struct __test_metadata *_metadata)
{
	struct vcpu cpu;
	struct vm vm;

	vm_create(&vm);
	vcpu_create(&vm, &cpu, 0);
	boot_long(&cpu);
	vcpu_code(&cpu, runs);
	vcpu_run_to(&cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, cpu.run->regs[POSADA_RAX]);
	vcpu_close(&cpu);
	vm_close(&vm);
}

/* Before 6.12 KVM takes VMX with its first VM and gives it back with its last. */
TEST_F(kvm, a_vm_of_kvm_holds_vmx)
{
	struct posada_create_vm create = { .size = sizeof(create) };
	struct posada_info info;
	int device = device_open(), vm, vcpu, ret;

	vm = ioctl(self->kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, vm);
	info = device_info(device);
	EXPECT_EQ(POSADA_HOLDER_OTHER, info.holder);
	ret = posada_ioctl(device, POSADA_CREATE_VM, &create);
	EXPECT_EQ(-EBUSY, ret);
	EXPECT_EQ(POSADA_WAY_NONE, info.way);
	/* KVM noticed nothing: it can still make a vCPU */
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	EXPECT_LE(0, vcpu);
	close(vcpu);
	close(vm);
	close(device);
}

TEST_F(kvm, when_it_is_gone_all_is_well)
{
	struct posada_info info;
	int device, vm, tries = 0;

	vm = ioctl(self->kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, vm);
	close(vm);
	device = device_open();
	do {
		info = device_info(device);
		usleep(1000);
	} while (info.holder == POSADA_HOLDER_OTHER && tries++ < 1000);
	if (info.holder == POSADA_HOLDER_OTHER)
		SKIP(return, "this KVM holds VMX as long as it is loaded");
	close(device);
	run_a_guest(_metadata);
}

/* The other way round: with a resident VM of ours KVM is refused, and we run on. */
TEST_F(kvm, kvm_is_refused_while_we_are_resident)
{
	struct posada_info info;
	struct vcpu cpu;
	struct vm vm;
	int theirs;

	vm_create(&vm);
	info = device_info(vm.device);
	if (info.way != POSADA_WAY_RESIDENT)
		SKIP(return, "VMX is not resident here");
	theirs = ioctl(self->kvm, KVM_CREATE_VM, 0);
	EXPECT_EQ(-1, theirs);
	EXPECT_EQ(EBUSY, errno);
	vcpu_create(&vm, &cpu, 0);
	boot_long(&cpu);
	vcpu_code(&cpu, runs);
	vcpu_run_to(&cpu, POSADA_EXIT_HLT);
	vcpu_close(&cpu);
	vm_close(&vm);
	theirs = ioctl(self->kvm, KVM_CREATE_VM, 0);
	EXPECT_LE(0, theirs);
	close(theirs);
}

/* With VMX on for each stay only, KVM may come between two of them: RUN is EBUSY. */
TEST_F(kvm, run_is_ebusy_when_kvm_came_between)
{
	struct posada_info info;
	struct vcpu cpu;
	struct vm vm;
	int theirs;

	vm_create(&vm);
	info = device_info(vm.device);
	if (info.way != POSADA_WAY_WINDOW)
		SKIP(return, "VMX is resident here");
	vcpu_create(&vm, &cpu, 0);
	boot_long(&cpu);
	vcpu_code(&cpu, runs);
	theirs = ioctl(self->kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, theirs);
	EXPECT_EQ(-EBUSY, __vcpu_run_on(&cpu));
	close(theirs);
	vcpu_run_to(&cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, cpu.run->regs[POSADA_RAX]);
	vcpu_close(&cpu);
	vm_close(&vm);
}

TEST_HARNESS_MAIN
