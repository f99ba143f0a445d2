/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A running guest, as the launcher has it: memory, devices, one vCPU, and two
 * threads.  The vCPU thread (loop.c) runs the guest and does what its exits
 * ask for; the I/O thread (events.c) waits for timers, the console and the
 * control socket.
 */
#ifndef POSADA_VM_H
#define POSADA_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "console.h"
#include "decode.h"
#include "dev_kbc.h"
#include "dev_pic.h"
#include "dev_pit.h"
#include "dev_power.h"
#include "dev_rtc.h"
#include "dev_serial.h"
#include "driver.h"
#include "exit_ring.h"
#include "explain.h"
#include "memory.h"

/* Why a guest ended; the first reason counts. */
enum vm_end {
	END_NOT,
	END_POWER_OFF,
	END_RESET,
	END_HALT, /* HLT with interrupts off: for good */
	END_DEBUG_EXIT,
	END_TRIPLE_FAULT,
	END_FAILED_ENTRY,
	END_TERMINATED, /* by a row of the trap policy */
	END_STUCK,
	END_TIMEOUT,
	END_USER,
	END_ERROR, /* of the host */
};

/* vm.requests: what the vCPU thread shall do before it runs the guest again */
#define REQUEST_STOP  (1U << 0) /* vm->end is set */
#define REQUEST_CALL  (1U << 1) /* vm->call */
#define REQUEST_PAUSE (1U << 2) /* wait until it is cleared */
#define REQUEST_LOOK  (1U << 3) /* is it halted for good? */
#define REQUEST_DEBUG (1U << 4) /* the debugger has stopped it: wait until it is cleared */

struct gdb;

/* A request for the vCPU thread, with the vCPU not running. */
struct vm_call {
	void (*function)(struct vm_call *call);
	struct vm *vm;
	bool done;
};

/**
 * struct vm - a guest
 *
 * [I] set before the threads start; [l] under @lock; [a] atomic; [c] the vCPU
 * thread's own; [r] under @request_lock; [m] changed by the vCPU thread, under
 * @vcpu_lock, which other threads hold while they use it
 *
 * @driver: [m] the VM
 * @vcpu: [m] its vCPU; vcpu.run is [c]
 * @ram: [I]
 * @name: [I] in the control directory
 * @verbose: [I]
 * @wait_if_halted: [I] a guest that halts for good stays
 * @started: [I] CLOCK_MONOTONIC
 * @vcpu_lock: taken last; recursive
 * @before: [m] what earlier vCPUs of the guest have done
 * @moves: [m] how often it was moved
 * @lock: all devices, with bus and console
 * @bus: [l]
 * @pic: [l]
 * @pit: [l]
 * @rtc: [l]
 * @kbc: [l]
 * @serial: [l]
 * @power: [l]
 * @console: [l]
 * @requests: [a] REQUEST_*
 * @request_lock: with @request_done, for requests
 * @request_done: the vCPU thread has called, or may go on
 * @call: [r]
 * @vcpu_gone: [r] the vCPU thread has come to its end
 * @end: [r] why it ended
 * @code: [r] END_DEBUG_EXIT: the code; else an errno or 0
 * @why: [r] more words about @end, may be empty
 * @wake: [I] an eventfd that wakes the I/O thread
 * @gdb: [I] the debugger's stub, or NULL
 * @log_exits: [I] the driver logs exits
 * @exits: [c] the last exits that came here
 * @decoded: [c]
 * @reported: [c] unclaimed ports that --verbose has told of
 */
struct vm {
	struct driver_vm driver;
	struct driver_vcpu vcpu;
	struct guest_memory ram;
	const char *name;
	bool verbose;
	bool wait_if_halted;
	uint64_t started;

	pthread_mutex_t vcpu_lock;
	struct posada_stats before;
	unsigned int moves;

	pthread_mutex_t lock;
	struct bus bus;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct kbc kbc;
	struct serial serial;
	struct power power;
	struct console console;

	unsigned int requests;
	pthread_mutex_t request_lock;
	pthread_cond_t request_done;
	struct vm_call *call;
	bool vcpu_gone;
	enum vm_end end;
	int64_t code;
	char why[256];
	struct explanation explained;
	int wake;
	struct gdb *gdb;
	bool log_exits;

	struct exit_ring exits;
	struct insn_cache decoded;
	uint8_t reported[65536 / 8];
};

/**
 * vm_init() - devices and locks, all that does not need a driver
 * @vm: zeroed, but for ram, name, verbose, console
 *
 * Return: 0, or -1 after fail().
 */
int vm_init(struct vm *vm);

/** vm_destroy() - undo vm_init() */
void vm_destroy(struct vm *vm);

/**
 * vm_start() - open the driver, make VM and vCPU, give it its memory and state
 * @vm: after vm_init()
 * @driver: which
 * @state: with what the vCPU begins; MODE_GROUPS are taken
 *
 * Return: 0, or -1 after fail().
 */
int vm_start(struct vm *vm, const struct driver *driver, struct posada_state *state);

/** vm_stop() - undo vm_start() */
void vm_stop(struct vm *vm);

/** vm_map_memory() - give the VM its memory.  Return: 0, or -1 after fail() */
int vm_map_memory(struct vm *vm);

/* Where a guest is moved to. */
enum vm_move {
	MOVE_VCPU, /* to a new vCPU of the same VM */
	MOVE_VM,   /* to a new VM, with the same memory */
};

/**
 * vm_move() - vCPU thread: take the vCPU (and VM) down and go on in a new one
 * @vm: after vm_start()
 * @into: which is new
 *
 * Devices and console notice nothing.  If the new one cannot be made the guest
 * ends.
 *
 * Return: 0 or -errno.
 */
int vm_move(struct vm *vm, enum vm_move into);

/** vm_kick() - make the vCPU thread leave the guest; from any other thread */
void vm_kick(struct vm *vm);

/** vm_interrupt() - queue an event for the vCPU.  Return: 0 or -errno */
int vm_interrupt(struct vm *vm, struct posada_interrupt *event);

/** vm_stats() - what all vCPUs of the guest have done.  Return: 0 or -errno */
int vm_stats(struct vm *vm, struct posada_stats *stats);

/** vm_end() - end the guest, for a reason; from any thread, also with vm->lock held */
void vm_end(struct vm *vm, enum vm_end end, int64_t code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** vm_exit_status() - the reason as the exit status of the command */
int vm_exit_status(const struct vm *vm);

/** vm_end_name() - the reason in a few words */
const char *vm_end_name(enum vm_end end);

/** vm_request() - set bits of vm->requests and make the vCPU thread see them */
void vm_request(struct vm *vm, unsigned int bits);

/** vm_call_vcpu() - have @call->function called by the vCPU thread; waits.  Not from that thread */
void vm_call_vcpu(struct vm *vm, struct vm_call *call);

/** vm_release() - clear REQUEST_PAUSE or REQUEST_DEBUG; without either the guest goes on */
void vm_release(struct vm *vm, unsigned int bits);

/** vm_serve() - vCPU thread: do what vm->requests asks for.  Return: false to stop */
bool vm_serve(struct vm *vm);

/** vm_vcpu_leaves() - vCPU thread: the last thing it does; calls are made without it from now on */
void vm_vcpu_leaves(struct vm *vm);

/** vm_this_is_vcpu_thread() - the calling thread is the one that runs the guest */
void vm_this_is_vcpu_thread(void);

#endif /* POSADA_VM_H */
