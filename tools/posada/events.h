/* SPDX-License-Identifier: GPL-2.0 */
/* The I/O thread: waits for timers, the console, signals and the control socket. */
#ifndef POSADA_EVENTS_H
#define POSADA_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct events;

/**
 * struct event_source - something to wait for
 * @fd: its descriptor
 * @ready: called when @fd is readable; may remove its own source
 */
struct event_source {
	int fd;
	void (*ready)(struct events *events, struct event_source *source);
};

/**
 * struct events - the I/O thread's own
 * @vm: the guest
 * @epoll: what it sleeps on
 * @input: console.in is something to wait for
 * @input_watched: it is in @epoll now
 * @input_always: console.in is a file, which is always readable
 * @second: timerfd, once a second
 * @deadline: timerfd of --timeout, or -1
 * @signals: signalfd
 * @source: those of this file, by number
 * @nr_sources: how many
 */
struct events {
	struct vm *vm;
	int epoll;
	bool input;
	bool input_watched;
	bool input_always;
	int second;
	int deadline;
	int signals;
	struct event_source source[9];
	unsigned int nr_sources;
};

/**
 * events_open() - before the vCPU thread starts
 * @events: out
 * @vm: after vm_init()
 * @timeout: seconds after which the guest is ended, 0: never
 *
 * SIGINT, SIGTERM and SIGHUP are blocked from now on, also in threads made
 * later, and end the guest.
 *
 * Return: 0, or -1 after fail().
 */
int events_open(struct events *events, struct vm *vm, uint64_t timeout);

/** events_close() - undo events_open() */
void events_close(struct events *events);

/** events_add() - wait for @source too.  Return: 0 or -errno */
int events_add(struct events *events, struct event_source *source);

/** events_remove() - not any more */
void events_remove(struct events *events, struct event_source *source);

/** events_loop() - serve until vm->end is set */
void events_loop(struct events *events);

/** events_drain() - write what the guest has sent, for at most two seconds */
void events_drain(struct events *events);

#endif /* POSADA_EVENTS_H */
