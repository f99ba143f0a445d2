// SPDX-License-Identifier: GPL-2.0
/*
 * KVM, behind the same interface: what its VMs and vCPUs are made of.  There is no
 * interrupt controller in the kernel: that is the caller's, as with /dev/posada.
 */
#include "driver_kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KVM_DEVICE     "/dev/kvm"
#define CPUID_ENTRIES  256

/* Leaf 1 */
#define ECX_MONITOR    (1U << 3)
#define ECX_VMX	       (1U << 5)
#define ECX_PDCM       (1U << 15)
#define ECX_X2APIC     (1U << 21)
#define ECX_DEADLINE   (1U << 24)
#define ECX_HYPERVISOR (1U << 31)
#define EDX_APIC       (1U << 9)

int kvm_ioctl(int fd, unsigned long request, uintptr_t argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

/* ---- the device ----------------------------------------------------------------- */

/*
 * KVM's table of what it supports, for a machine without a local APIC, and as a
 * guest of posada would see it: no leaves that make Linux a guest of KVM's.
 */
static struct kvm_cpuid2 *get_cpuid(int dev)
{
	struct kvm_cpuid2 *table =
		calloc(1, sizeof(*table) + CPUID_ENTRIES * sizeof(table->entries[0]));
	uint32_t nr = 0;

	if (!table)
		return NULL;
	table->nent = CPUID_ENTRIES;
	if (ioctl(dev, KVM_GET_SUPPORTED_CPUID, table)) {
		free(table);
		return NULL;
	}
	for (uint32_t i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 entry = table->entries[i];

		if (entry.function >> 16 == 0x4000 || entry.function == 0xa ||
		    entry.function == 0xb || entry.function == 0x1f)
			continue;
		if (entry.function == 1) {
			entry.ecx &=
				~(ECX_MONITOR | ECX_VMX | ECX_PDCM | ECX_X2APIC | ECX_DEADLINE);
			entry.ecx |= ECX_HYPERVISOR;
			entry.edx &= ~EDX_APIC;
		}
		table->entries[nr++] = entry;
	}
	table->nent = nr;
	return table;
}

static const struct kvm_cpuid_entry2 *find_leaf(const struct kvm_cpuid2 *table, uint32_t leaf)
{
	for (uint32_t i = 0; i < table->nent; i++)
		if (table->entries[i].function == leaf && !table->entries[i].index)
			return &table->entries[i];
	return NULL;
}

static void fill_info(struct driver_vm *vm, const struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *sizes = find_leaf(table, 0x80000008);
	const struct kvm_cpuid_entry2 *xsave = find_leaf(table, 0xd);

	vm->info = (struct posada_info){
		.size = sizeof(vm->info),
		.abi_version = POSADA_ABI_VERSION,
		.way = POSADA_WAY_RESIDENT,
		.max_vcpus = ioctl(vm->dev, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS),
		.max_ranges = KVM_SLOTS,
		.gpa_bits = sizes ? sizes->eax & 0xff : 36,
		.run_size = sizeof(struct posada_run),
		.xsave_size = xsave ? xsave->ecx : 512,
		.xcr0 = xsave ? (uint64_t)xsave->edx << 32 | xsave->eax : 0,
		.cpus_online = sysconf(_SC_NPROCESSORS_ONLN),
		.max_cpuid = CPUID_ENTRIES,
		.max_msrs = 256,
	};
}

static bool has_all(int dev)
{
	static const int needed[] = { KVM_CAP_USER_MEMORY,  KVM_CAP_IMMEDIATE_EXIT,
				      KVM_CAP_READONLY_MEM, KVM_CAP_SYNC_REGS,
				      KVM_CAP_VCPU_EVENTS,  KVM_CAP_SREGS2 };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(dev, KVM_CHECK_EXTENSION, needed[i]) <= 0)
			return false;
	return ioctl(dev, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
}

/* It interrupts KVM_RUN, and that is all. */
static void on_signal(int signal)
{
	(void)signal;
}

static void vm_close(struct driver_vm *vm)
{
	struct kvm_vm *own = vm->own;

	close(vm->dev);
	vm->dev = -1;
	pthread_mutex_destroy(&own->lock);
	free(own->cpuid);
	free(own);
	vm->own = NULL;
}

static int vm_open(struct driver_vm *vm)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct kvm_vm *own;
	int err;

	vm->fd = -1;
	vm->dev = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (vm->dev < 0)
		return -errno;
	err = -EOPNOTSUPP;
	if (!has_all(vm->dev))
		goto out_close;
	err = -ENOMEM;
	own = calloc(1, sizeof(*own));
	if (!own)
		goto out_close;
	own->cpuid = get_cpuid(vm->dev);
	if (!own->cpuid)
		goto out_free;
	own->vm = vm;
	own->run_size = ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	pthread_mutex_init(&own->lock, NULL);
	vm->own = own;
	fill_info(vm, own->cpuid);
	sigaction(SIGRTMIN, &action, NULL);
	return 0;

out_free:
	free(own);
out_close:
	close(vm->dev);
	vm->dev = -1;
	return err;
}

/* ---- a VM ------------------------------------------------------------------------ */

static int vm_create(struct driver_vm *vm)
{
	struct kvm_enable_cap msrs = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_INVAL },
	};

	vm->fd = kvm_ioctl(vm->dev, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return vm->fd;
	/* A KVM without it gives the guest #GP itself. */
	ioctl(vm->fd, KVM_ENABLE_CAP, &msrs);
	return 0;
}

static void vm_destroy(struct driver_vm *vm)
{
	struct kvm_vm *own = vm->own;

	memset(own->slot, 0, sizeof(own->slot)); /* of this VM, not of the next */
	close(vm->fd);
	vm->fd = -1;
}

/* ---- a vCPU ---------------------------------------------------------------------- */

static int set_cpuid(struct kvm_cpu *cpu, uint32_t id)
{
	struct kvm_cpuid2 *table = cpu->vm->cpuid;

	for (uint32_t i = 0; i < table->nent; i++)
		if (table->entries[i].function == 1)
			table->entries[i].ebx = (table->entries[i].ebx & 0xffff) | id << 24;
	return kvm_ioctl(cpu->vcpu->fd, KVM_SET_CPUID2, (uintptr_t)table);
}

/* The state after reset is KVM's own. */
static int first_state(struct kvm_cpu *cpu, uint32_t id)
{
	int err = set_cpuid(cpu, id);

	if (!err)
		err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_REGS, (uintptr_t)&cpu->kvm->s.regs.regs);
	cpu->kvm->kvm_valid_regs = KVM_SYNC_X86_REGS;
	kvm_regs_out(cpu);
	return err;
}

static void publish(struct kvm_cpu *cpu)
{
	pthread_mutex_lock(&cpu->vm->lock);
	cpu->next = cpu->vm->cpus;
	cpu->vm->cpus = cpu;
	pthread_mutex_unlock(&cpu->vm->lock);
}

static void unpublish(struct kvm_cpu *cpu)
{
	struct kvm_cpu **link = &cpu->vm->cpus;

	pthread_mutex_lock(&cpu->vm->lock);
	while (*link != cpu)
		link = &(*link)->next;
	*link = cpu->next;
	pthread_mutex_unlock(&cpu->vm->lock);
}

static int vcpu_create(struct driver_vm *vm, uint32_t id, struct driver_vcpu *vcpu)
{
	struct kvm_cpu *cpu = calloc(1, sizeof(*cpu));
	int err = -ENOMEM;

	vcpu->driver = vm->driver;
	vcpu->fd = -1;
	if (!cpu)
		return err;
	cpu->vcpu = vcpu;
	cpu->vm = vm->own;
	vcpu->own = cpu;
	vcpu->run = &cpu->run;
	vcpu->run_size = vm->info.run_size;
	vcpu->xsave_size = vm->info.xsave_size;
	vcpu->data = (struct driver_data){ 0 };
	vcpu->words = NULL;
	vcpu->fd = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, id);
	err = vcpu->fd;
	if (err < 0)
		goto out_free;
	cpu->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = -errno;
	if (cpu->wake < 0)
		goto out_close;
	cpu->kvm = mmap(NULL, cpu->vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	err = -errno;
	if (cpu->kvm == MAP_FAILED)
		goto out_close_wake;
	err = first_state(cpu, id);
	if (err)
		goto out_unmap;
	cpu->stats = kvm_stats_open(vcpu->fd);
	publish(cpu);
	return 0;

out_unmap:
	munmap(cpu->kvm, cpu->vm->run_size);
out_close_wake:
	close(cpu->wake);
out_close:
	close(vcpu->fd);
	vcpu->fd = -1;
out_free:
	free(cpu);
	return err;
}

static void vcpu_destroy(struct driver_vcpu *vcpu)
{
	struct kvm_cpu *cpu = kvm_cpu_of(vcpu);

	unpublish(cpu);
	if (cpu->stats >= 0)
		close(cpu->stats);
	munmap(cpu->kvm, cpu->vm->run_size);
	close(cpu->wake);
	close(vcpu->fd);
	vcpu->fd = -1;
	vcpu->run = NULL;
	free(cpu);
}

const struct driver driver_kvm = {
	.name = "kvm",
	.device = KVM_DEVICE,
	.advice = "KVM is not loaded, or not for this CPU. Load it: modprobe kvm_intel.",
	.open = vm_open,
	.close = vm_close,
	.create = vm_create,
	.destroy = vm_destroy,
	.memory = kvm_memory,
	.create_vcpu = vcpu_create,
	.destroy_vcpu = vcpu_destroy,
	.run = kvm_run,
	.kick = kvm_kick,
	.interrupt = kvm_interrupt,
	.stats = kvm_stats,
	.state_get = kvm_state_get,
	.state_set = kvm_state_set,
};
