// SPDX-License-Identifier: GPL-2.0
/* The I/O thread. */
#include "events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "vm.h"

#define RETRY_NS 10000000ULL
#define DRAIN_NS (2 * NSEC)

static bool ended(struct vm *vm)
{
	return __atomic_load_n(&vm->requests, __ATOMIC_ACQUIRE) & REQUEST_STOP;
}

/* ---- output --------------------------------------------------------------------- */

static ssize_t write_out(struct console *console, const uint8_t *bytes, size_t count)
{
	struct pollfd p = { .fd = console->out, .events = POLLOUT };

	/* A blocking descriptor takes a little without blocking, if it is ready at all. */
	if (console->out_blocks && poll(&p, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (console->out_blocks && count > 512)
		count = 512;
	return write(console->out, bytes, count);
}

/* Write what has gathered.  Return: false if something is left that cannot be written now. */
static bool flush(struct vm *vm)
{
	struct console *console = &vm->console;
	uint8_t bytes[4096];

	for (;;) {
		ssize_t wrote;
		size_t count;

		pthread_mutex_lock(&vm->lock);
		count = console_take(console, bytes, sizeof(bytes));
		pthread_mutex_unlock(&vm->lock);
		if (!count)
			return true;
		wrote = write_out(console, bytes, count);
		if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (wrote < 0) {
			vm_end(vm, END_USER, -errno, "the console's output cannot be written: %s",
			       strerror(errno));
			wrote = count;
		}
		pthread_mutex_lock(&vm->lock);
		if (console_written(console, wrote))
			serial_room(&vm->serial);
		pthread_mutex_unlock(&vm->lock);
	}
}

static void flush_ready(struct events *events, struct event_source *source)
{
	if (!flush(events->vm))
		clock_timer_set(source->fd, clock_monotonic() + RETRY_NS, 0);
}

void events_drain(struct events *events)
{
	uint64_t until = clock_monotonic() + DRAIN_NS;

	while (!flush(events->vm) && clock_monotonic() < until)
		poll(NULL, 0, 5);
}

/* ---- input ------------------------------------------------------------------------ */

/* Not watched at all rather than for nothing: a hang-up would be told all the same. */
static void input_watch(struct events *events, bool watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &events->source[0] };

	if (!events->input || watch == events->input_watched)
		return;
	epoll_ctl(events->epoll, watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, events->vm->console.in,
		  &event);
	events->input_watched = watch;
}

static void input_stop(struct events *events)
{
	input_watch(events, false);
	events->input = false;
	events->input_always = false;
}

static void input_ready(struct events *events, struct event_source *source)
{
	struct vm *vm = events->vm;
	enum console_command command;
	bool more;

	(void)source;
	pthread_mutex_lock(&vm->lock);
	command = console_read(&vm->console);
	serial_input(&vm->serial);
	if (command == CONSOLE_BREAK)
		serial_break(&vm->serial);
	more = console_may_read(&vm->console);
	pthread_mutex_unlock(&vm->lock);
	if (command == CONSOLE_QUIT)
		vm_end(vm, END_USER, 0, "escape key");
	else if (command == CONSOLE_EOF)
		input_stop(events);
	else if (!more)
		input_watch(events, false);
}

/* ---- timers and the rest ------------------------------------------------------------- */

static void wake_ready(struct events *events, struct event_source *source)
{
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) == sizeof(count))
		input_watch(events, true);
}

/*
 * How often a timer went off does not matter: ticks that were missed are not
 * made up for.  But a periodic timerfd goes on only once it has been read.
 */
static bool expired(const struct event_source *source)
{
	uint64_t times;

	return read(source->fd, &times, sizeof(times)) == sizeof(times);
}

#define DEVICE_TIMER(name, call)                                             \
	static void name(struct events *events, struct event_source *source) \
	{                                                                    \
		if (!expired(source))                                        \
			return;                                              \
		pthread_mutex_lock(&events->vm->lock);                       \
		call;                                                        \
		pthread_mutex_unlock(&events->vm->lock);                     \
	}

DEVICE_TIMER(pit_ready, pit_expired(&events->vm->pit))
DEVICE_TIMER(rtc_periodic_ready, rtc_periodic_expired(&events->vm->rtc))
DEVICE_TIMER(rtc_second_ready, rtc_second_expired(&events->vm->rtc))

static void second_ready(struct events *events, struct event_source *source)
{
	if (expired(source))
		vm_request(events->vm, REQUEST_LOOK);
}

static void deadline_ready(struct events *events, struct event_source *source)
{
	(void)source;
	vm_end(events->vm, END_TIMEOUT, 0, "%s", "");
}

static void signal_ready(struct events *events, struct event_source *source)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		vm_end(events->vm, END_USER, info.ssi_signo, "signal %u", info.ssi_signo);
}

/* ---- life ------------------------------------------------------------------------------ */

static int watch(struct events *events, struct event_source *source, uint32_t how)
{
	struct epoll_event event = { .events = how, .data.ptr = source };

	return epoll_ctl(events->epoll, EPOLL_CTL_ADD, source->fd, &event) ? -errno : 0;
}

int events_add(struct events *events, struct event_source *source)
{
	return watch(events, source, EPOLLIN);
}

void events_remove(struct events *events, struct event_source *source)
{
	epoll_ctl(events->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

static int add_own(struct events *events, int fd, uint32_t how,
		   void (*ready)(struct events *events, struct event_source *source))
{
	struct event_source *source = &events->source[events->nr_sources++];

	source->fd = fd;
	source->ready = ready;
	return fd < 0 ? 0 : watch(events, source, how);
}

/* source[0]: see input_watch() */
static int add_input(struct events *events)
{
	int in = events->vm->console.in;
	int err = add_own(events, in, EPOLLIN, input_ready);

	events->input = in >= 0 && !err;
	events->input_watched = events->input;
	events->input_always = err == -EPERM;
	return err == -EPERM ? 0 : err;
}

static int add_all(struct events *events)
{
	struct vm *vm = events->vm;
	int err = add_input(events);

	if (!err)
		err = add_own(events, vm->wake, EPOLLIN, wake_ready);
	if (!err)
		err = add_own(events, vm->pit.timer, EPOLLIN, pit_ready);
	if (!err)
		err = add_own(events, vm->rtc.periodic, EPOLLIN, rtc_periodic_ready);
	if (!err)
		err = add_own(events, vm->rtc.second, EPOLLIN, rtc_second_ready);
	if (!err)
		err = add_own(events, events->second, EPOLLIN, second_ready);
	/* These go off once when they are set, and by edges nobody has to read them. */
	if (!err)
		err = add_own(events, vm->console.flush, EPOLLIN | EPOLLET, flush_ready);
	if (!err)
		err = add_own(events, events->deadline, EPOLLIN | EPOLLET, deadline_ready);
	if (!err)
		err = add_own(events, events->signals, EPOLLIN, signal_ready);
	return err;
}

static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int events_open(struct events *events, struct vm *vm, uint64_t timeout)
{
	uint64_t now = clock_monotonic();
	int err;

	*events = (struct events){ .vm = vm, .deadline = -1 };
	events->epoll = epoll_create1(EPOLL_CLOEXEC);
	events->second = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	events->signals = take_signals();
	if (timeout)
		events->deadline = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (events->epoll < 0 || events->second < 0 || events->signals < 0 ||
	    (timeout && events->deadline < 0))
		err = -errno;
	else
		err = add_all(events);
	if (err) {
		events_close(events);
		return fail("cannot wait for events: %s.", strerror(-err));
	}
	clock_timer_set(events->second, now + NSEC, NSEC);
	if (timeout)
		clock_timer_set(events->deadline, now + timeout * NSEC, 0);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void events_close(struct events *events)
{
	close_fd(events->deadline);
	close_fd(events->signals);
	close_fd(events->second);
	close_fd(events->epoll);
}

static bool file_to_read(struct events *events)
{
	bool room;

	if (!events->input_always)
		return false;
	pthread_mutex_lock(&events->vm->lock);
	room = console_may_read(&events->vm->console);
	pthread_mutex_unlock(&events->vm->lock);
	return room;
}

void events_loop(struct events *events)
{
	/* One at a time: a handler may remove a source that a second one names. */
	struct epoll_event event;

	while (!ended(events->vm)) {
		while (file_to_read(events))
			input_ready(events, NULL);
		if (epoll_wait(events->epoll, &event, 1, -1) == 1) {
			struct event_source *source = event.data.ptr;

			source->ready(events, source);
		}
	}
}
