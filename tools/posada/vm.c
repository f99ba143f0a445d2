// SPDX-License-Identifier: GPL-2.0
/* A running guest: its life, and how its two threads talk. */
#include "vm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "mode.h"
#include "state.h"

static __thread bool vcpu_thread;

void vm_this_is_vcpu_thread(void)
{
	vcpu_thread = true;
}

/* ---- the vCPU, from other threads ------------------------------------------- */

void vm_kick(struct vm *vm)
{
	pthread_mutex_lock(&vm->vcpu_lock);
	if (vm->vcpu.fd >= 0)
		vm->vcpu.driver->kick(&vm->vcpu);
	pthread_mutex_unlock(&vm->vcpu_lock);
}

int vm_interrupt(struct vm *vm, struct posada_interrupt *event)
{
	int err;

	pthread_mutex_lock(&vm->vcpu_lock);
	err = vm->vcpu.driver->interrupt(&vm->vcpu, event);
	pthread_mutex_unlock(&vm->vcpu_lock);
	return err;
}

/* ---- requests to the vCPU thread -------------------------------------------- */

/* vm->request_lock is held. */
static void __request(struct vm *vm, unsigned int bits)
{
	__atomic_or_fetch(&vm->requests, bits, __ATOMIC_SEQ_CST);
	if (!vcpu_thread)
		vm_kick(vm);
	/* For a vCPU thread that is paused. */
	pthread_cond_broadcast(&vm->request_done);
}

void vm_request(struct vm *vm, unsigned int bits)
{
	pthread_mutex_lock(&vm->request_lock);
	__request(vm, bits);
	pthread_mutex_unlock(&vm->request_lock);
}

static void unrequest(struct vm *vm, unsigned int bits)
{
	__atomic_and_fetch(&vm->requests, ~bits, __ATOMIC_SEQ_CST);
}

static unsigned int requests(struct vm *vm)
{
	return __atomic_load_n(&vm->requests, __ATOMIC_SEQ_CST);
}

void vm_call_vcpu(struct vm *vm, struct vm_call *call)
{
	call->vm = vm;
	call->done = false;
	pthread_mutex_lock(&vm->request_lock);
	if (vm->vcpu_gone) {
		pthread_mutex_unlock(&vm->request_lock);
		call->function(call);
		return;
	}
	vm->call = call;
	__request(vm, REQUEST_CALL);
	while (!call->done)
		pthread_cond_wait(&vm->request_done, &vm->request_lock);
	pthread_mutex_unlock(&vm->request_lock);
}

void vm_release(struct vm *vm, unsigned int bits)
{
	pthread_mutex_lock(&vm->request_lock);
	unrequest(vm, bits);
	pthread_cond_broadcast(&vm->request_done);
	pthread_mutex_unlock(&vm->request_lock);
}

/* vm->request_lock is held, but not while the function runs. */
static void __serve_call(struct vm *vm)
{
	struct vm_call *call = vm->call;

	unrequest(vm, REQUEST_CALL);
	if (!call)
		return;
	vm->call = NULL;
	pthread_mutex_unlock(&vm->request_lock);
	call->function(call);
	pthread_mutex_lock(&vm->request_lock);
	call->done = true;
	pthread_cond_broadcast(&vm->request_done);
}

/* HLT with interrupts off and no NMI on its way: nothing will happen any more. */
static void look_if_halted(struct vm *vm)
{
	struct posada_state state = { 0 };

	unrequest(vm, REQUEST_LOOK);
	if (vm->wait_if_halted)
		return;
	if (vm->vcpu.driver->state_get(&vm->vcpu, &state, POSADA_STATE_EVENTS | POSADA_STATE_REGS))
		return;
	if (state.events.activity == POSADA_HALTED && !state.events.nmis &&
	    !(state.regs.rflags & 1 << 9))
		vm_end(vm, END_HALT, 0, "at %#llx", (unsigned long long)state.regs.rip);
}

static bool must_wait(struct vm *vm)
{
	unsigned int bits = requests(vm);

	return (bits & (REQUEST_PAUSE | REQUEST_DEBUG)) && !(bits & REQUEST_STOP);
}

bool vm_serve(struct vm *vm)
{
	if (requests(vm) & REQUEST_LOOK)
		look_if_halted(vm);
	pthread_mutex_lock(&vm->request_lock);
	do {
		if (requests(vm) & REQUEST_CALL)
			__serve_call(vm);
		else if (must_wait(vm))
			pthread_cond_wait(&vm->request_done, &vm->request_lock);
	} while (requests(vm) & REQUEST_CALL || must_wait(vm));
	pthread_mutex_unlock(&vm->request_lock);
	return !(requests(vm) & REQUEST_STOP);
}

void vm_vcpu_leaves(struct vm *vm)
{
	pthread_mutex_lock(&vm->request_lock);
	__serve_call(vm);
	vm->vcpu_gone = true;
	pthread_mutex_unlock(&vm->request_lock);
}

/* ---- the end ------------------------------------------------------------------ */

void vm_end(struct vm *vm, enum vm_end end, int64_t code, const char *format, ...)
{
	uint64_t one = 1;
	va_list args;

	pthread_mutex_lock(&vm->request_lock);
	if (!vm->end) {
		vm->end = end;
		vm->code = code;
		va_start(args, format);
		vsnprintf(vm->why, sizeof(vm->why), format, args);
		va_end(args);
	}
	__request(vm, REQUEST_STOP);
	pthread_mutex_unlock(&vm->request_lock);
	if (write(vm->wake, &one, sizeof(one)) < 0)
		return; /* full: it is awake already */
}

static const struct {
	const char *name;
	int status;
} ends[] = {
	[END_NOT] = { "running", STATUS_OK },
	[END_POWER_OFF] = { "power off", STATUS_OK },
	[END_RESET] = { "reset", STATUS_OK },
	[END_HALT] = { "halted with interrupts off", STATUS_OK },
	[END_DEBUG_EXIT] = { "debug exit", 1 },
	[END_TRIPLE_FAULT] = { "triple fault", STATUS_TRIPLE_FAULT },
	[END_FAILED_ENTRY] = { "failed entry", STATUS_FAILED_ENTRY },
	[END_TERMINATED] = { "terminated by the trap policy", STATUS_TERMINATED },
	[END_STUCK] = { "cannot go on", STATUS_STUCK },
	[END_TIMEOUT] = { "timeout", STATUS_TIMEOUT },
	[END_USER] = { "ended by its user", STATUS_USER },
	[END_ERROR] = { "error of the host", STATUS_CANNOT },
};

int vm_exit_status(const struct vm *vm)
{
	if (vm->end == END_DEBUG_EXIT)
		return ((uint64_t)vm->code << 1 | 1) & 0xff;
	return ends[vm->end].status;
}

const char *vm_end_name(enum vm_end end)
{
	return ends[end].name;
}

/* ---- devices -------------------------------------------------------------------- */

/*
 * The PIC's output has changed.  The vCPU thread looks at it before every RUN;
 * only a change that it did not make itself has to reach it by a kick.
 */
static void pic_changed(void *context)
{
	struct vm *vm = context;

	if (!vcpu_thread)
		vm_kick(vm);
}

static void reset(void *context)
{
	vm_end(context, END_RESET, 0, "%s", "");
}

static void power_off(void *context)
{
	vm_end(context, END_POWER_OFF, 0, "%s", "");
}

static void debug_exit(void *context, uint32_t code)
{
	vm_end(context, END_DEBUG_EXIT, code, "%u", code);
}

static void debug_put(void *context, uint8_t c)
{
	struct vm *vm = context;

	console_put(&vm->console, c); /* without room it is lost, as on the real port */
}

static bool wire_put(void *context, uint8_t c)
{
	struct vm *vm = context;

	return console_put(&vm->console, c);
}

static int wire_get(void *context)
{
	struct vm *vm = context;
	bool was_full = !console_may_read(&vm->console);
	int c = console_get(&vm->console);
	uint64_t one = 1;

	/* There is room for more typing: let the I/O thread read again. */
	if (was_full && console_may_read(&vm->console) && write(vm->wake, &one, sizeof(one)) < 0)
		return c;
	return c;
}

/* RAM below 4 GiB counts from 0, as a BIOS would find it. */
static void ram_sizes(const struct guest_memory *ram, uint64_t *below, uint64_t *above)
{
	*below = *above = 0;
	for (unsigned int i = 0; i < ram->nr; i++) {
		if (ram->range[i].gpa == *below && *below + ram->range[i].size <= 1ULL << 32)
			*below += ram->range[i].size;
		else if (ram->range[i].gpa >= 1ULL << 32)
			*above += ram->range[i].size;
	}
}

static int add_devices(struct vm *vm)
{
	const struct serial_wire wire = { wire_put, wire_get, vm };
	int err;

	pic_init(&vm->pic, pic_changed, vm);
	kbc_init(&vm->kbc, &vm->pic, reset, vm);
	serial_init(&vm->serial, SERIAL_COM1, SERIAL_COM1_IRQ, &vm->pic, &wire);
	vm->power = (struct power){
		.off = power_off,
		.reset = reset,
		.debug_exit = debug_exit,
		.put = debug_put,
		.context = vm,
	};
	err = pic_attach(&vm->pic, &vm->bus);
	if (!err)
		err = pit_attach(&vm->pit, &vm->bus);
	if (!err)
		err = rtc_attach(&vm->rtc, &vm->bus);
	if (!err)
		err = kbc_attach(&vm->kbc, &vm->bus);
	if (!err)
		err = serial_attach(&vm->serial, &vm->bus);
	if (!err)
		err = power_attach(&vm->power, &vm->bus);
	return err;
}

static void init_recursive(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

int vm_init(struct vm *vm)
{
	uint64_t below, above;
	int err;

	vm->vcpu.fd = -1;
	vm->started = clock_monotonic();
	init_recursive(&vm->vcpu_lock);
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->request_lock, NULL);
	pthread_cond_init(&vm->request_done, NULL);
	vm->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->wake < 0)
		return fail("cannot make an eventfd: %s.", strerror(errno));
	ram_sizes(&vm->ram, &below, &above);
	err = pit_init(&vm->pit, &vm->pic);
	if (err)
		goto out_close_wake;
	err = rtc_init(&vm->rtc, &vm->pic, below, above);
	if (err)
		goto out_destroy_pit;
	err = add_devices(vm);
	if (err)
		goto out_destroy_rtc;
	return 0;

out_destroy_rtc:
	rtc_destroy(&vm->rtc);
out_destroy_pit:
	pit_destroy(&vm->pit);
out_close_wake:
	close(vm->wake);
	return fail("cannot make the devices: %s.", strerror(-err));
}

void vm_destroy(struct vm *vm)
{
	rtc_destroy(&vm->rtc);
	pit_destroy(&vm->pit);
	close(vm->wake);
	pthread_cond_destroy(&vm->request_done);
	pthread_mutex_destroy(&vm->request_lock);
	pthread_mutex_destroy(&vm->lock);
	pthread_mutex_destroy(&vm->vcpu_lock);
}

/* ---- the driver ------------------------------------------------------------------- */

static int open_driver(struct vm *vm, const struct driver *driver)
{
	int err;

	vm->driver.driver = driver;
	err = driver->open(&vm->driver);
	if (!err)
		return 0;
	switch (-err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return fail("cannot open %s: %s. %s", driver->device, strerror(-err),
			    driver->advice);
	case EACCES:
	case EPERM:
		return fail("cannot open %s: %s. Run as root, or let your user read and write it.",
			    driver->device, strerror(-err));
	default:
		return fail("cannot open %s: %s.", driver->device, why(err));
	}
}

int vm_map_memory(struct vm *vm)
{
	struct posada_memory_op ops[GUEST_MEMORY_RANGES];
	uint64_t end = 1ULL << vm->driver.info.gpa_bits;
	uint32_t bad;
	int err;

	for (unsigned int i = 0; i < vm->ram.nr; i++) {
		const struct guest_range *range = &vm->ram.range[i];

		if (range->gpa >= end || range->size > end - range->gpa)
			return fail(
				"cannot give the guest RAM at %#llx: this CPU has %u guest-physical address bits.",
				(unsigned long long)range->gpa, vm->driver.info.gpa_bits);
		ops[i] = (struct posada_memory_op){
			.op = POSADA_MEMORY_MAP,
			.gpa = range->gpa,
			.length = range->size,
			.hva = (uintptr_t)range->host,
		};
	}
	err = vm->driver.driver->memory(&vm->driver, ops, vm->ram.nr, &bad);
	if (!err)
		return 0;
	return fail("cannot give the guest its RAM at %#llx: %s.",
		    (unsigned long long)vm->ram.range[bad < vm->ram.nr ? bad : 0].gpa, why(err));
}

static int set_state(struct vm *vm, struct posada_state *state)
{
	struct posada_state reset = { 0 };
	char text[64];
	int err = vm->vcpu.driver->state_get(&vm->vcpu, &reset, POSADA_STATE_CONTROL);

	if (!err) {
		state->control.xcr0 = reset.control.xcr0;
		err = vm->vcpu.driver->state_set(&vm->vcpu, state, MODE_GROUPS);
	}
	if (!err)
		return 0;
	return fail("cannot set the first state of the vCPU: %s (%s).", why(err),
		    state_bad(state, text, sizeof(text)));
}

int vm_start(struct vm *vm, const struct driver *driver, struct posada_state *state)
{
	int err;

	if (open_driver(vm, driver))
		return -1;
	err = driver->create(&vm->driver);
	if (err) {
		fail("cannot make a VM: %s.", why(err));
		goto out_close;
	}
	if (vm_map_memory(vm))
		goto out_destroy;
	err = driver->create_vcpu(&vm->driver, 0, &vm->vcpu);
	if (err) {
		fail("cannot make a vCPU: %s.", why(err));
		goto out_destroy;
	}
	if (!set_state(vm, state))
		return 0;
	driver->destroy_vcpu(&vm->vcpu);
out_destroy:
	driver->destroy(&vm->driver);
out_close:
	driver->close(&vm->driver);
	return -1;
}

void vm_stop(struct vm *vm)
{
	const struct driver *driver = vm->driver.driver;

	/* One of them can be missing after a move that failed. */
	if (vm->vcpu.fd >= 0)
		driver->destroy_vcpu(&vm->vcpu);
	if (vm->driver.fd >= 0)
		driver->destroy(&vm->driver);
	driver->close(&vm->driver);
}
