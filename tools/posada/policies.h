/* SPDX-License-Identifier: GPL-2.0 */
/* The trap policy of a guest: from files and presets to the driver, and back. */
#ifndef POSADA_POLICIES_H
#define POSADA_POLICIES_H

#include <stdbool.h>

#include <jansson.h>

#include "policy.h"

struct vm;

#define POLICIES_PRESETS "pc, strict or kvm" /* preset.c, in words */

/** preset_find() - a preset as the text of a file, by name; NULL if there is none */
const char *preset_find(const char *name);

/**
 * policies_load() - the rows of a file or preset behind the others
 * @policy: gets them
 * @name: of a preset, else of a file
 *
 * Return: 0, or -1 after fail().
 */
int policies_load(struct policy *policy, const char *name);

/**
 * policies_set() - make the rows those of the guest
 * @vm: with a VM
 * @traps: rows
 * @nr: how many
 * @bad: out: position of the row that cannot be, else ~0
 * @why: POLICY_ERROR bytes, out: why not
 *
 * Return: 0 or a negative errno.
 */
int policies_set(struct vm *vm, const struct posada_trap *traps, uint32_t nr, uint32_t *bad,
		 char *why);

/** policies_apply() - policies_set() for a guest that is being made.  Return: 0, or -1 after fail() */
int policies_apply(struct vm *vm, const struct policy *policy);

/**
 * policies_get() - the rows in force, with hits
 * @vm: with a VM
 * @traps: out, to be freed
 * @nr: out
 *
 * Return: 0 or a negative errno.
 */
int policies_get(struct vm *vm, struct posada_trap **traps, uint32_t *nr);

/** policies_row() - row @row as text; "" if it cannot be had.  Return: @text, POLICY_TEXT bytes */
const char *policies_row(struct vm *vm, uint32_t row, char *text);

/** policies_command() - the request "policy" of the control socket */
json_t *policies_command(struct vm *vm, const json_t *request);

#endif /* POSADA_POLICIES_H */
