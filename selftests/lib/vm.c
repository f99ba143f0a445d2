// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "vm.h"

const char *posada_missing(void)
{
	struct posada_create_vm create = { .size = sizeof(create) };
	static char reason[128];
	int device, fd;

	device = open(POSADA_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		snprintf(reason, sizeof(reason), "%s: %s; is the module loaded?",
			 POSADA_DEVICE, strerror(errno));
		return reason;
	}
	fd = posada_ioctl(device, POSADA_CREATE_VM, &create);
	close(device);
	if (fd == -ENODEV || fd == -EBUSY) {
		snprintf(reason, sizeof(reason), "no VM can be made here: %s", strerror(-fd));
		return reason;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

int device_open(void)
{
	int fd = open(POSADA_DEVICE, O_RDWR | O_CLOEXEC);

	require(fd >= 0);
	return fd;
}

struct posada_info device_info(int device)
{
	struct posada_info info = { .size = sizeof(info) };
	int ret = posada_ioctl(device, POSADA_INFO, &info);

	if (ret)
		die("POSADA_INFO: %s", strerror(-ret));
	return info;
}

void *memory_get(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(memory != MAP_FAILED);
	return memory;
}

void vm_create_empty(struct vm *vm)
{
	struct posada_create_vm create = { .size = sizeof(create) };

	vm->device = device_open();
	vm->ram = NULL;
	vm->fd = posada_ioctl(vm->device, POSADA_CREATE_VM, &create);
	if (vm->fd < 0)
		die("POSADA_CREATE_VM: %s", strerror(-vm->fd));
}

void vm_create(struct vm *vm)
{
	vm_create_empty(vm);
	vm->ram = memory_get(GUEST_RAM_SIZE);
	vm_map(vm, 0, vm->ram, GUEST_RAM_SIZE, 0);
}

void vm_close(struct vm *vm)
{
	close(vm->fd);
	close(vm->device);
	if (vm->ram)
		munmap(vm->ram, GUEST_RAM_SIZE);
}

int __vm_memory(struct vm *vm, struct posada_memory_op *ops, unsigned int nr, uint32_t *bad_op)
{
	struct posada_memory memory = {
		.size = sizeof(memory),
		.nr = nr,
		.ops = (uintptr_t)ops,
	};
	int ret = posada_ioctl(vm->fd, POSADA_MEMORY, &memory);

	if (bad_op)
		*bad_op = memory.bad_op;
	return ret;
}

int __vm_map(struct vm *vm, uint64_t gpa, void *memory, size_t size, uint32_t flags)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_MAP,
		.flags = flags,
		.gpa = gpa,
		.length = size,
		.hva = (uintptr_t)memory,
	};

	return __vm_memory(vm, &op, 1, NULL);
}

void vm_map(struct vm *vm, uint64_t gpa, void *memory, size_t size, uint32_t flags)
{
	int ret = __vm_map(vm, gpa, memory, size, flags);

	if (ret)
		die("mapping %#zx bytes at %#" PRIx64 ": %s", size, gpa, strerror(-ret));
}

int __vm_unmap(struct vm *vm, uint64_t gpa, size_t size)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_UNMAP,
		.gpa = gpa,
		.length = size,
	};

	return __vm_memory(vm, &op, 1, NULL);
}

void vm_unmap(struct vm *vm, uint64_t gpa, size_t size)
{
	int ret = __vm_unmap(vm, gpa, size);

	if (ret)
		die("unmapping %#zx bytes at %#" PRIx64 ": %s", size, gpa, strerror(-ret));
}

struct guest_log *vm_log(struct vm *vm)
{
	return (struct guest_log *)(vm->ram + GUEST_LOG);
}

const struct guest_event *vm_event(struct vm *vm, unsigned int i)
{
	return &vm_log(vm)->event[i % GUEST_LOG_MAX];
}

void vm_load(struct vm *vm, uint64_t gpa, const unsigned char *code, const unsigned char *end)
{
	size_t size = (uintptr_t)end - (uintptr_t)code;

	if (gpa + size > GUEST_RAM_SIZE)
		die("%#zx bytes of code do not fit at %#" PRIx64, size, gpa);
	memcpy(vm->ram + gpa, code, size);
}

int __vcpu_create(struct vm *vm, struct vcpu *vcpu, uint32_t id)
{
	struct posada_create_vcpu create = { .size = sizeof(create), .id = id };

	vcpu->vm = vm;
	vcpu->run_size = device_info(vm->device).run_size;
	vcpu->fd = posada_ioctl(vm->fd, POSADA_CREATE_VCPU, &create);
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	require(vcpu->run != MAP_FAILED);
	return 0;
}

void vcpu_create(struct vm *vm, struct vcpu *vcpu, uint32_t id)
{
	int ret = __vcpu_create(vm, vcpu, id);

	if (ret)
		die("creating vCPU %u: %s", id, strerror(-ret));
	vcpu->run->flags = POSADA_RUN_EXIT_HLT;
}

void vcpu_close(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->fd);
}

int __vcpu_run(struct vcpu *vcpu)
{
	return __posada_ioctl(vcpu->fd, POSADA_RUN, 0);
}

/* As every program has to: it may be stopped and continued at any time. */
int __vcpu_run_on(struct vcpu *vcpu)
{
	int ret;

	do {
		ret = __vcpu_run(vcpu);
	} while (ret == -EINTR);
	return ret;
}

static const char *const exit_names[] = {
	[POSADA_EXIT_NONE] = "NONE",
	[POSADA_EXIT_KICK] = "KICK",
	[POSADA_EXIT_IO] = "IO",
	[POSADA_EXIT_MMIO] = "MMIO",
	[POSADA_EXIT_RDMSR] = "RDMSR",
	[POSADA_EXIT_WRMSR] = "WRMSR",
	[POSADA_EXIT_HLT] = "HLT",
	[POSADA_EXIT_HYPERCALL] = "HYPERCALL",
	[POSADA_EXIT_SHUTDOWN] = "SHUTDOWN",
	[POSADA_EXIT_FAILED] = "FAILED",
	[POSADA_EXIT_UNKNOWN] = "UNKNOWN",
	[POSADA_EXIT_MEMORY] = "MEMORY",
	[POSADA_EXIT_DEBUG] = "DEBUG",
};

const char *exit_name(uint32_t reason)
{
	if (reason < sizeof(exit_names) / sizeof(exit_names[0]) && exit_names[reason])
		return exit_names[reason];
	return "of a reason that is none";
}

/* What a person needs to see why the guest did not get where it should. */
static void tell(struct vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	struct posada_state state;
	struct guest_log *log;
	unsigned int i;

	printf("#   reason %s, hw_reason %u, rip %#llx, rflags %#llx, status %#x, qualification %#llx\n",
	       exit_name(run->reason), run->hw_reason, run->rip, run->rflags, run->status,
	       run->qualification);
	for (i = 0; i < 16; i += 4)
		printf("#   r%u-%u %#llx %#llx %#llx %#llx\n", i, i + 3, run->regs[i],
		       run->regs[i + 1], run->regs[i + 2], run->regs[i + 3]);
	printf("#   union %#llx %#llx %#llx %#llx\n", run->raw[0], run->raw[1], run->raw[2], run->raw[3]);
	if (vcpu->fd < 0)
		return;
	state = vcpu_state(vcpu, POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL |
			   POSADA_STATE_EVENTS);
	printf("#   cs %#x base %#llx access %#x, cr0 %#llx cr3 %#llx cr4 %#llx efer %#llx rsp %#llx\n",
	       state.segments.cs.selector, state.segments.cs.base, state.segments.cs.access,
	       state.control.cr0, state.control.cr3, state.control.cr4, state.control.efer,
	       state.regs.gpr[POSADA_RSP]);
	printf("#   activity %u shadow %#x event %#x error %#x\n", state.events.activity,
	       state.events.shadow, state.events.event, state.events.event_error);
	if (!vcpu->vm->ram)
		return;
	log = vm_log(vcpu->vm);
	for (i = log->count > 4 ? log->count - 4 : 0; i < log->count; i++)
		printf("#   event %u: vector %" PRIu64 " error %#" PRIx64 " rip %#" PRIx64
		       " rflags %#" PRIx64 " cr2 %#" PRIx64 "\n", i, vm_event(vcpu->vm, i)->vector,
		       vm_event(vcpu->vm, i)->error, vm_event(vcpu->vm, i)->rip,
		       vm_event(vcpu->vm, i)->rflags, vm_event(vcpu->vm, i)->cr2);
}

void vcpu_run_to_at(struct vcpu *vcpu, uint32_t reason, const char *file, int line)
{
	int ret = __vcpu_run_on(vcpu);

	if (!ret && vcpu->run->reason == reason &&
	    !(reason == POSADA_EXIT_IO && vcpu->run->io.port == GUEST_PANIC_PORT))
		return;
	printf("# %s:%d: RUN should have come to exit %s, but ", file, line, exit_name(reason));
	if (ret)
		printf("failed: %s\n", strerror(-ret));
	else if (vcpu->run->reason == POSADA_EXIT_IO && vcpu->run->io.port == GUEST_PANIC_PORT)
		printf("the guest met an exception nobody expected\n");
	else
		printf("came to %s\n", exit_name(vcpu->run->reason));
	fflush(stdout);
	tell(vcpu);
	fflush(stdout);
	_exit(1);
}

int __vcpu_kick(struct vcpu *vcpu)
{
	return __posada_ioctl(vcpu->fd, POSADA_KICK, 0);
}

void vcpu_kick(struct vcpu *vcpu)
{
	int ret = __vcpu_kick(vcpu);

	if (ret)
		die("POSADA_KICK: %s", strerror(-ret));
}

int __vcpu_interrupt(struct vcpu *vcpu, struct posada_interrupt *interrupt)
{
	interrupt->size = sizeof(*interrupt);
	return posada_ioctl(vcpu->fd, POSADA_INTERRUPT, interrupt);
}

static void queue(struct vcpu *vcpu, struct posada_interrupt interrupt)
{
	int ret = __vcpu_interrupt(vcpu, &interrupt);

	if (ret)
		die("POSADA_INTERRUPT type %u vector %u: %s", interrupt.type, interrupt.vector,
		    strerror(-ret));
}

void vcpu_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	queue(vcpu, (struct posada_interrupt){ .type = POSADA_INTERRUPT_VECTOR, .vector = vector });
}

void vcpu_nmi(struct vcpu *vcpu)
{
	queue(vcpu, (struct posada_interrupt){ .type = POSADA_INTERRUPT_NMI });
}

void vcpu_exception(struct vcpu *vcpu, uint8_t vector)
{
	queue(vcpu, (struct posada_interrupt){
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = vector,
	});
}

void vcpu_exception_error(struct vcpu *vcpu, uint8_t vector, uint32_t error, uint64_t payload)
{
	queue(vcpu, (struct posada_interrupt){
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = vector,
		.flags = POSADA_INTERRUPT_ERROR_CODE,
		.error_code = error,
		.payload = payload,
	});
}

struct posada_state vcpu_state(struct vcpu *vcpu, uint32_t groups)
{
	struct posada_state state = { .size = sizeof(state), .groups = groups };
	int ret = posada_ioctl(vcpu->fd, POSADA_STATE_GET, &state);

	if (ret)
		die("POSADA_STATE_GET of %#x: %s", groups, strerror(-ret));
	return state;
}

int __vcpu_state_set(struct vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	state->size = sizeof(*state);
	state->groups = groups;
	return posada_ioctl(vcpu->fd, POSADA_STATE_SET, state);
}

void vcpu_state_set(struct vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	int ret = __vcpu_state_set(vcpu, state, groups);

	if (ret)
		die("POSADA_STATE_SET of %#x: %s; bad %#x, bad_msr %u", groups, strerror(-ret),
		    state->bad, state->bad_msr);
}

int __vcpu_msr_set(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	struct posada_msr msr = { .index = index, .value = value };
	struct posada_state state = { .nr_msrs = 1, .msrs = (uintptr_t)&msr };

	return __vcpu_state_set(vcpu, &state, POSADA_STATE_MSRS);
}

void vcpu_msr_set(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	int ret = __vcpu_msr_set(vcpu, index, value);

	if (ret)
		die("setting MSR %#x to %#" PRIx64 ": %s", index, value, strerror(-ret));
}

uint64_t vcpu_msr(struct vcpu *vcpu, uint32_t index)
{
	struct posada_msr msr = { .index = index };
	struct posada_state state = {
		.size = sizeof(state),
		.groups = POSADA_STATE_MSRS,
		.nr_msrs = 1,
		.msrs = (uintptr_t)&msr,
	};
	int ret = posada_ioctl(vcpu->fd, POSADA_STATE_GET, &state);

	if (ret)
		die("getting MSR %#x: %s", index, strerror(-ret));
	return msr.value;
}

uint64_t vcpu_rip(struct vcpu *vcpu)
{
	return vcpu_state(vcpu, POSADA_STATE_REGS).regs.rip;
}

void vcpu_rip_set(struct vcpu *vcpu, uint64_t rip)
{
	struct posada_state state = vcpu_state(vcpu, POSADA_STATE_REGS);

	state.regs.rip = rip;
	vcpu_state_set(vcpu, &state, POSADA_STATE_REGS);
}

void vcpu_rflags_set(struct vcpu *vcpu, uint64_t rflags)
{
	struct posada_state state = vcpu_state(vcpu, POSADA_STATE_REGS);

	state.regs.rflags = rflags | RFLAGS_FIXED;
	vcpu_state_set(vcpu, &state, POSADA_STATE_REGS);
}

struct posada_stats vcpu_stats(struct vcpu *vcpu)
{
	struct posada_stats stats = { .size = sizeof(stats) };
	int ret = posada_ioctl(vcpu->fd, POSADA_STATS, &stats);

	if (ret)
		die("POSADA_STATS: %s", strerror(-ret));
	return stats;
}
