/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket of a running guest, both ends.
 *
 * It is ${XDG_RUNTIME_DIR:-/run}/posada/NAME.sock, in a directory that only its
 * user can enter.  Either side sends JSON objects, one a line.  A request has
 * "command"; its answer has "ok": true, or false with "error".
 *
 *   {"command": "info"}                   name, pid, state, memory, seconds
 *   {"command": "stat"}                   the same, and what the vCPU has done
 *   {"command": "regs"}                   registers of the vCPU
 *   {"command": "exits"}                  its last exits
 *   {"command": "pause"}                  "state": "paused"
 *   {"command": "resume"}                 "state": "running"
 *   {"command": "quit"}                   ends the guest
 *   {"command": "policy"}                 name, rows of the trap policy with hits
 *   {"command": "policy", "set": [R...]}  replace those that were set; R: a row as
 *                                         text, see tools/lib/policy.h
 *   {"command": "move", "into": "vm"}     or "vcpu": goes on in a new one; answers
 *                                         "moves", how often so far
 *   {"command": "inject", "nmi": true}
 *   {"command": "inject", "vector": V}    16..255, as from a local APIC
 *   {"command": "inject", "irq": N}       an edge on input N of the PIC pair;
 *                                         answers "masked"
 */
#ifndef POSADA_CONTROL_H
#define POSADA_CONTROL_H

#include <stdbool.h>

#include <jansson.h>

#include "events.h"

#define CONTROL_CLIENTS 16
#define CONTROL_LINE	32768 /* 256 rows of a policy fit */

struct control_client {
	struct event_source source; /* first */
	struct control *control;
	unsigned int used;
	char line[CONTROL_LINE];
};

/**
 * struct control - the guest's end
 * @source: the listening socket
 * @events: whose loop it is in
 * @path: of the socket
 * @client: fd -1: free
 */
struct control {
	struct event_source source; /* first */
	struct events *events;
	char path[108];
	struct control_client client[CONTROL_CLIENTS];
};

/**
 * control_open() - listen
 * @control: out
 * @events: whose loop serves it
 * @name: of the guest
 *
 * Return: 0, or -1 after fail().
 */
int control_open(struct control *control, struct events *events, const char *name);

/** control_close() - undo control_open() */
void control_close(struct control *control);

/** control_command() - carry out one request.  Return: the answer, a new reference */
json_t *control_command(struct vm *vm, const json_t *request);

/** control_name_valid() - letters, digits, '.', '_', '-', not '.' first, at most 64 */
bool control_name_valid(const char *name);

/** control_directory() - where the sockets are.  Return: false if the name is too long */
bool control_directory(char *path, size_t size);

/**
 * control_ask() - a request to a running guest
 * @name: of the guest
 * @request: stolen
 * @quiet: say nothing if it is not there
 *
 * Return: the answer, a new reference; NULL after fail(), also if the answer
 * is not "ok".
 */
json_t *control_ask(const char *name, json_t *request, bool quiet);

#endif /* POSADA_CONTROL_H */
