// SPDX-License-Identifier: GPL-2.0
/* posada run --gdb: the debugger's connection. */
#include "gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "vm.h"

/* ---- bytes --------------------------------------------------------------------------- */

static bool send_all(struct gdb *gdb, const void *bytes, size_t len)
{
	/* A debugger asks and then reads: what does not fit nobody waits for. */
	return send(gdb->client.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

bool gdb_send(struct gdb *gdb)
{
	return send_all(gdb, gdb->writer.bytes, gdb->writer.used);
}

static bool tell_stop(struct gdb *gdb)
{
	gdb_begin(&gdb->writer);
	gdb_put_stop(gdb, &gdb->writer);
	gdb_finish(&gdb->writer);
	return gdb_send(gdb);
}

static bool packet(struct gdb *gdb)
{
	if (!gdb->no_ack && !send_all(gdb, "+", 1))
		return false;
	/* While the guest runs, nothing is asked but that it stop. */
	if (!gdb->stopped)
		return true;
	return gdb_serve(gdb);
}

static bool interrupt(struct gdb *gdb)
{
	if (gdb->stopped)
		return true;
	gdb_halt(gdb);
	return tell_stop(gdb);
}

static bool byte(struct gdb *gdb, uint8_t c)
{
	switch (gdb_take(&gdb->reader, c)) {
	case GDB_PACKET:
		return packet(gdb);
	case GDB_BROKEN:
		return gdb->no_ack || send_all(gdb, "-", 1);
	case GDB_INTERRUPT:
		return interrupt(gdb);
	case GDB_NACK:
		return gdb->no_ack || !gdb->writer.used || gdb_send(gdb);
	default:
		return true;
	}
}

/* ---- the debugger comes and goes --------------------------------------------------------- */

void gdb_detach(struct gdb *gdb)
{
	if (!gdb->stopped)
		gdb_halt(gdb);
	gdb_break_clear(&gdb->breaks, &gdb->vm->ram);
	gdb->attached = false;
	if (!gdb_go(gdb, false))
		return;
	/* Without the driver the guest will not get far, but it is not held by us. */
	gdb->stopped = false;
	vm_release(gdb->vm, REQUEST_DEBUG);
}

static void hang_up(struct gdb *gdb)
{
	events_remove(gdb->events, &gdb->client);
	close(gdb->client.fd);
	gdb->client.fd = -1;
	if (gdb->attached)
		gdb_detach(gdb);
}

static void client_ready(struct events *events, struct event_source *source)
{
	struct gdb *gdb = (struct gdb *)((char *)source - offsetof(struct gdb, client));
	uint8_t bytes[4096];
	ssize_t got = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		hang_up(gdb);
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (byte(gdb, bytes[i]))
			continue;
		hang_up(gdb);
		return;
	}
}

/* The guest stops when a debugger comes: it expects to find it so. */
static void attach(struct gdb *gdb)
{
	gdb->reader.state = GDB_OUTSIDE;
	gdb->writer.used = 0;
	gdb->no_ack = gdb->hardware_word = gdb->physical = gdb->described = false;
	if (!gdb->stopped)
		gdb_halt(gdb);
	gdb->stop = (struct gdb_stop){ .signal = GDB_SIGTRAP };
	gdb->attached = true;
	gdb->end_told = false;
}

static void listening_ready(struct events *events, struct event_source *source)
{
	struct gdb *gdb = (struct gdb *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int yes = 1;

	if (fd < 0)
		return;
	if (gdb->client.fd >= 0) {
		close(fd); /* one is enough */
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	gdb->client.fd = fd;
	if (events_add(events, &gdb->client)) {
		close(fd);
		gdb->client.fd = -1;
		return;
	}
	attach(gdb);
}

/* The vCPU thread has met something. */
static void wake_ready(struct events *events, struct event_source *source)
{
	struct gdb *gdb = (struct gdb *)((char *)source - offsetof(struct gdb, wake));
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) != sizeof(count) || gdb->stopped)
		return;
	gdb_halt(gdb);
	if (gdb->client.fd >= 0 && !tell_stop(gdb))
		hang_up(gdb);
}

/* ---- life --------------------------------------------------------------------------------- */

static bool port_of(const char *where, uint64_t *port)
{
	return *where == ':' && parse_number(where + 1, 65535, port) && *port;
}

static const char *path_of(const char *where)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);

	return !strncmp(where, "unix:", 5) && where[5] && strlen(where + 5) < room ? where + 5 :
										     NULL;
}

bool gdb_where_valid(const char *where)
{
	uint64_t port;

	return port_of(where, &port) || path_of(where);
}

/* Whoever can connect owns the guest: from this computer only. */
static int bind_port(int fd, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

/* Made unreachable for others from the first moment on. */
static int bind_path(struct gdb *gdb, int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fchmod(fd, 0600))
		return -1;
	err = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (!err)
		snprintf(gdb->path, sizeof(gdb->path), "%s", path);
	return err;
}

static int listen_on(struct gdb *gdb, const char *where)
{
	const char *path = path_of(where);
	uint64_t port = 0;
	int fd, err;

	if (!path && !port_of(where, &port))
		return -EINVAL;
	fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = path ? bind_path(gdb, fd, path) : bind_port(fd, port);
	if (!err && !listen(fd, 1))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int gdb_open(struct gdb *gdb, struct events *events, const char *where)
{
	int fd;

	gdb->events = events;
	gdb->vm = events->vm;
	gdb->cpu.xsave_size = gdb->vm->vcpu.xsave_size;
	gdb->client = (struct event_source){ .fd = -1, .ready = client_ready };
	gdb->wake.ready = wake_ready;
	gdb->listening.ready = listening_ready;
	if (!gdb->vm->vcpu.driver->debug)
		return fail("--gdb: the driver '%s' cannot debug.", gdb->vm->vcpu.driver->name);
	gdb->cpu.xsave = calloc(1, gdb->cpu.xsave_size);
	if (!gdb->cpu.xsave)
		return fail("out of memory.");
	gdb->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gdb->wake.fd < 0) {
		fail("cannot make an eventfd: %s.", strerror(errno));
		goto out_free;
	}
	fd = listen_on(gdb, where);
	if (fd < 0) {
		fail("cannot listen for gdb on %s: %s.", where, strerror(-fd));
		goto out_close_wake;
	}
	gdb->listening.fd = fd;
	if (!events_add(events, &gdb->wake) && !events_add(events, &gdb->listening)) {
		gdb->vm->gdb = gdb;
		return 0;
	}
	fail("cannot wait for gdb.");
	if (*gdb->path)
		unlink(gdb->path);
	close(fd);
out_close_wake:
	close(gdb->wake.fd);
out_free:
	free(gdb->cpu.xsave);
	return -1;
}

void gdb_wait(struct gdb *gdb)
{
	gdb->stopped = true;
	vm_request(gdb->vm, REQUEST_DEBUG);
}

void gdb_close(struct gdb *gdb)
{
	if (gdb->client.fd >= 0) {
		gdb_begin(&gdb->writer);
		gdb_print(&gdb->writer, "W%02x", vm_exit_status(gdb->vm) & 0xff);
		gdb_finish(&gdb->writer);
		gdb_send(gdb);
		events_remove(gdb->events, &gdb->client);
		close(gdb->client.fd);
	}
	events_remove(gdb->events, &gdb->listening);
	events_remove(gdb->events, &gdb->wake);
	close(gdb->listening.fd);
	close(gdb->wake.fd);
	if (*gdb->path)
		unlink(gdb->path);
	gdb->vm->gdb = NULL;
	free(gdb->cpu.xsave);
}
