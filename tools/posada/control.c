// SPDX-License-Identifier: GPL-2.0
/* The control socket: the guest's end. */
#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

bool control_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 64 || *name == '.')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

bool control_directory(char *path, size_t size)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	int len;

	if (!base || *base != '/')
		base = "/run";
	len = snprintf(path, size, "%s/posada", base);
	return len > 0 && (size_t)len < size;
}

/* ---- clients ---------------------------------------------------------------------- */

static void client_close(struct control_client *client)
{
	events_remove(client->control->events, &client->source);
	close(client->source.fd);
	client->source.fd = -1;
}

static bool answer(struct control_client *client, const char *line)
{
	json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	json_t *reply = control_command(client->control->events->vm, request);
	char *text = json_dumps(reply, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	bool sent = false;

	if (text) {
		text[len] = '\n'; /* in place of the terminator */
		sent = send(client->source.fd, text, len + 1, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)len + 1;
	}
	free(text);
	json_decref(reply);
	json_decref(request);
	return sent;
}

/* Answer every whole line.  Return: false if the client is not worth keeping. */
static bool lines(struct control_client *client)
{
	char *start = client->line, *end;

	while ((end = memchr(start, '\n', client->used - (start - client->line)))) {
		*end = '\0';
		if (!answer(client, start))
			return false;
		start = end + 1;
	}
	client->used -= start - client->line;
	memmove(client->line, start, client->used);
	return client->used < CONTROL_LINE;
}

static void client_ready(struct events *events, struct event_source *source)
{
	struct control_client *client = (struct control_client *)source;
	ssize_t got = recv(source->fd, client->line + client->used, CONTROL_LINE - client->used,
			   MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_close(client);
		return;
	}
	client->used += got;
	if (!lines(client))
		client_close(client);
}

static void listen_ready(struct events *events, struct event_source *source)
{
	struct control *control = (struct control *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];

		if (client->source.fd >= 0)
			continue;
		client->source = (struct event_source){ .fd = fd, .ready = client_ready };
		client->used = 0;
		if (!events_add(events, &client->source))
			return;
		client->source.fd = -1;
		break;
	}
	close(fd);
}

/* ---- life --------------------------------------------------------------------------- */

/* A directory of our own, where nobody else can put or reach anything. */
static int open_directory(const char *path)
{
	struct stat st;
	int dir;

	if (!strncmp(path, "/run/", 5))
		mkdir("/run", 0755);
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail("cannot make %s: %s. Set XDG_RUNTIME_DIR to a directory of yours.",
			    path, strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return fail("cannot open %s: %s.", path, strerror(errno));
	if (!fstat(dir, &st) && st.st_uid == geteuid() && !(st.st_mode & 077))
		return dir;
	close(dir);
	return fail("%s is not yours alone. Remove it, or set XDG_RUNTIME_DIR.", path);
}

static bool alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 && (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
			       errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

/* The directory is locked: two guests must not both find the same dead socket. */
static int __bind_socket(const char *path, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (alive(&address))
		return fail("a guest named '%s' is running. Choose another --name.", name);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !listen(fd, CONTROL_CLIENTS))
		return fd;
	fail("cannot listen on %s: %s.", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int control_open(struct control *control, struct events *events, const char *name)
{
	char directory[80];
	int dir, fd, len;

	control->events = events;
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++) {
		control->client[i].source.fd = -1;
		control->client[i].control = control;
	}
	if (!control_directory(directory, sizeof(directory)))
		return fail(
			"XDG_RUNTIME_DIR is too long for a socket. Set it to something shorter.");
	len = snprintf(control->path, sizeof(control->path), "%s/%s.sock", directory, name);
	if (len < 0 || (size_t)len >= sizeof(control->path))
		return fail("XDG_RUNTIME_DIR and the name '%s' are too long for a socket.", name);
	dir = open_directory(directory);
	if (dir < 0)
		return -1;
	flock(dir, LOCK_EX);
	fd = __bind_socket(control->path, name);
	close(dir);
	if (fd < 0)
		return -1;
	control->source = (struct event_source){ .fd = fd, .ready = listen_ready };
	if (!events_add(events, &control->source))
		return 0;
	unlink(control->path);
	close(fd);
	return fail("cannot wait for the control socket: %s.", strerror(errno));
}

void control_close(struct control *control)
{
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].source.fd >= 0)
			client_close(&control->client[i]);
	events_remove(control->events, &control->source);
	unlink(control->path);
	close(control->source.fd);
}
