/* SPDX-License-Identifier: GPL-2.0 */
/*
 * posada run --gdb: gdb's remote protocol for one debugger.
 *
 * The stub lives in the I/O thread.  The vCPU thread tells it of debug exits
 * and then waits, REQUEST_DEBUG set, until the debugger lets the guest go on;
 * only meanwhile does the stub touch the vCPU and the guest's memory.
 */
#ifndef POSADA_GDB_H
#define POSADA_GDB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "events.h"
#include "gdb_breaks.h"
#include "gdb_packet.h"
#include "gdb_regs.h"

/* As gdb numbers signals. */
#define GDB_SIGINT  2
#define GDB_SIGTRAP 5
#define GDB_SIGSEGV 11

/**
 * struct gdb_stop - why the guest stopped
 * @signal: for gdb, 0: it did not stop by itself
 * @flags: POSADA_DEBUG_HIT_* bits
 * @dr6: which of the debugger's breakpoints
 */
struct gdb_stop {
	uint8_t signal;
	uint32_t flags;
	uint64_t dr6;
};

/**
 * struct gdb - the stub
 *
 * [i] the I/O thread's own; [c] the vCPU thread's while the guest runs, the I/O
 * thread's while it is stopped
 *
 * @listening: [i] the socket
 * @client: [i] the debugger, fd -1: none
 * @wake: [i] an eventfd: the vCPU thread has stopped
 * @events: [i] whose loop they are in
 * @vm: the guest
 * @path: [i] of a Unix socket, else empty
 * @stopped: [i] the debugger has been told so
 * @no_ack: [i] packets are not acknowledged
 * @hardware_word: [i] gdb wants to be told "hwbreak" and "swbreak"
 * @step: [i] it goes on for one instruction
 * @physical: [i] addresses are guest-physical
 * @described: [i] @cpu.wide is settled, gdb has read it
 * @cpu: [i] registers, while stopped
 * @cpu_valid: [i] they are read
 * @breaks: [c]
 * @stop: [c] the vCPU thread's last
 * @attached: [c] debug exits are the debugger's
 * @end_told: [c] of a triple fault
 * @reader: [i]
 * @writer: [i]
 */
struct gdb {
	struct event_source listening; /* first */
	struct event_source client;
	struct event_source wake;
	struct events *events;
	struct vm *vm;
	char path[108];
	bool stopped;
	bool no_ack;
	bool hardware_word;
	bool step;
	bool physical;
	bool described;
	struct gdb_cpu cpu;
	bool cpu_valid;
	struct gdb_breaks breaks;
	struct gdb_stop stop;
	bool attached;
	bool end_told;
	struct gdb_reader reader;
	struct gdb_writer writer;
};

/**
 * gdb_open() - listen for a debugger
 * @gdb: zeroed
 * @events: whose loop serves it
 * @where: ":PORT" on the loopback interface, or "unix:PATH"
 *
 * Before the vCPU thread starts.  Return: 0, or -1 after fail().
 */
int gdb_open(struct gdb *gdb, struct events *events, const char *where);

/** gdb_wait() - the guest does not begin before the debugger lets it; before its thread starts */
void gdb_wait(struct gdb *gdb);

/** gdb_close() - tell the debugger how the guest ended, and undo gdb_open() */
void gdb_close(struct gdb *gdb);

/** gdb_where_valid() - can gdb_open() make sense of this? */
bool gdb_where_valid(const char *where);

/* ---- vCPU thread (gdb_stop.c) -------------------------------------------------------- */

/** gdb_debug_exit() - POSADA_EXIT_DEBUG.  Return: false if nobody has asked for it */
bool gdb_debug_exit(struct vm *vm);

/** gdb_shutdown_exit() - a triple fault.  Return: true if the guest waits for the debugger */
bool gdb_shutdown_exit(struct vm *vm);

/* ---- while stopped (gdb_stop.c) ------------------------------------------------------- */

/** gdb_halt() - stop the guest and wait until it is */
void gdb_halt(struct gdb *gdb);

/** gdb_go() - let it run, or step.  Return: 0, or an errno for gdb */
int gdb_go(struct gdb *gdb, bool step);

/** gdb_load_cpu() - make @cpu valid.  Return: 0, or an errno for gdb */
int gdb_load_cpu(struct gdb *gdb);

/** gdb_store_cpu() - write groups of @cpu back.  Return: 0, or an errno for gdb */
int gdb_store_cpu(struct gdb *gdb, uint32_t groups);

/** gdb_memory_of() - how the guest's addresses are meant now; after gdb_load_cpu() */
struct gdb_memory gdb_memory_of(const struct gdb *gdb);

/** gdb_put_stop() - a stop reply */
void gdb_put_stop(struct gdb *gdb, struct gdb_writer *writer);

/* ---- packets -------------------------------------------------------------------------- */

/** gdb_serve() - carry out the packet in @reader (gdb_serve.c).  Return: false to hang up */
bool gdb_serve(struct gdb *gdb);

/** gdb_detach() - no breakpoints any more; the guest runs (gdb.c) */
void gdb_detach(struct gdb *gdb);

/** gdb_send() - send @writer (gdb.c).  Return: false if the debugger does not take it */
bool gdb_send(struct gdb *gdb);

/** gdb_monitor() - a command of "monitor" (gdb_monitor.c).  Return: allocated text */
char *gdb_monitor(struct gdb *gdb, const char *command);

#endif /* POSADA_GDB_H */
