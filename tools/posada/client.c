// SPDX-License-Identifier: GPL-2.0
/* The control socket: the other end. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

/* An answer takes as long as the guest's next exit; it is kicked. */
#define PATIENCE_S 10
#define ANSWER_MAX (1 << 20)

static int attach(const char *name, bool quiet)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char directory[80];
	int fd, len;

	if (!control_name_valid(name))
		return fail("'%s' is no name of a guest. 'posada list' shows those that run.",
			    name);
	if (!control_directory(directory, sizeof(directory)))
		return fail("XDG_RUNTIME_DIR is too long for a socket.");
	len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", directory, name);
	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return fail("XDG_RUNTIME_DIR and the name '%s' are too long for a socket.", name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail("cannot make a socket: %s.", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	if (!quiet)
		fail("cannot reach a guest named '%s': %s. 'posada list' shows those that run.",
		     name,
		     errno == ENOENT || errno == ECONNREFUSED ? "none is running" :
								strerror(errno));
	close(fd);
	return -1;
}

static bool say(int fd, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	bool sent = false;

	if (text) {
		text[len] = '\n';
		sent = send(fd, text, len + 1, MSG_NOSIGNAL) == (ssize_t)len + 1;
	}
	free(text);
	return sent;
}

static json_t *hear(int fd)
{
	char *text = malloc(ANSWER_MAX);
	json_t *answer = NULL;
	size_t used = 0;

	while (text && used < ANSWER_MAX) {
		ssize_t got = recv(fd, text + used, ANSWER_MAX - used, 0);

		if (got <= 0)
			break;
		used += got;
		if (text[used - 1] == '\n') {
			answer = json_loadb(text, used, 0, NULL);
			break;
		}
	}
	free(text);
	return answer;
}

json_t *control_ask(const char *name, json_t *request, bool quiet)
{
	int fd = attach(name, quiet);
	json_t *answer = NULL;
	const char *error;

	if (fd >= 0) {
		if (say(fd, request))
			answer = hear(fd);
		close(fd);
		if (!answer && !quiet)
			fail("guest '%s' gave no answer. Is it stopped, or just ending?", name);
	}
	json_decref(request);
	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	error = json_string_value(json_object_get(answer, "error"));
	if (!quiet)
		fail("guest '%s': %s.", name, error ? error : "refused");
	json_decref(answer);
	return NULL;
}
