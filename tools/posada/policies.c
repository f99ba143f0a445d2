// SPDX-License-Identifier: GPL-2.0
/* The trap policy of a guest: from files and presets to the driver, and back. */
#include "policies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "vm.h"

#define FILE_MAX (1 << 20)

/* ---- files ---------------------------------------------------------------------------- */

/* All of a file as a string. */
static char *slurp(const char *name)
{
	FILE *file = fopen(name, "re");
	char *text = NULL;
	size_t len = 0;

	if (file)
		text = malloc(FILE_MAX);
	if (text)
		len = fread(text, 1, FILE_MAX, file);
	if (!text || ferror(file))
		fail("cannot read %s: %s. --policy wants a file, or %s.", name, strerror(errno),
		     POLICIES_PRESETS);
	else if (len == FILE_MAX || memchr(text, '\0', len))
		fail("%s is no text, or too much of it. 'posada policy --help' shows rows.", name);
	else
		goto out;
	free(text);
	text = NULL;
out:
	if (file)
		fclose(file);
	if (text)
		text[len] = '\0';
	return text;
}

int policies_load(struct policy *policy, const char *name)
{
	const char *preset = preset_find(name);
	char error[POLICY_ERROR];
	char *text;
	int err;

	if (preset)
		return policy_parse(policy, preset, name, error) ? fail("%s", error) : 0;
	text = slurp(name);
	if (!text)
		return -1;
	err = policy_parse(policy, text, name, error);
	free(text);
	return err ? fail("%s.", error) : 0;
}

/* ---- the driver ------------------------------------------------------------------------- */

int policies_set(struct vm *vm, const struct posada_trap *traps, uint32_t nr, uint32_t *bad,
		 char *error)
{
	char words[POSADA_POLICY_WHY] = "", text[POLICY_TEXT];
	int err = -ENOTTY;

	*bad = ~0U;
	if (vm->driver.driver->policy_set) {
		pthread_mutex_lock(&vm->vcpu_lock);
		err = vm->driver.driver->policy_set(&vm->driver, traps, nr, bad, words);
		pthread_mutex_unlock(&vm->vcpu_lock);
	}
	words[sizeof(words) - 1] = '\0';
	if (!err)
		return 0;
	if (err == -ENOTTY)
		snprintf(error, POLICY_ERROR, "the driver has no trap policy");
	else if (*bad < nr)
		snprintf(error, POLICY_ERROR, "row '%s' cannot be: %s",
			 policy_print_row(&traps[*bad], text), *words ? words : why(err));
	else
		snprintf(error, POLICY_ERROR, "the trap policy cannot be set: %s", why(err));
	return err;
}

int policies_apply(struct vm *vm, const struct policy *policy)
{
	char error[POLICY_ERROR], origin[128];
	uint32_t bad;

	/* Without rows any driver will do. */
	if (!policy->nr || !policies_set(vm, policy->trap, policy->nr, &bad, error))
		return 0;
	if (bad >= policy->nr)
		return fail("%s.", error);
	return fail("%s: %s.", policy_origin(policy, bad, origin, sizeof(origin)), error);
}

int policies_get(struct vm *vm, struct posada_trap **traps, uint32_t *nr)
{
	uint32_t room = 2 * POSADA_POLICY_MAX_TRAPS;
	int err = -ENOTTY;

	*traps = NULL;
	if (!vm->driver.driver->policy_get)
		return err;
	/* Another thread may set more of them meanwhile. */
	do {
		free(*traps);
		*traps = calloc(room, sizeof(**traps));
		if (!*traps)
			return -ENOMEM;
		*nr = room;
		pthread_mutex_lock(&vm->vcpu_lock);
		err = vm->driver.driver->policy_get(&vm->driver, *traps, nr);
		pthread_mutex_unlock(&vm->vcpu_lock);
		room = *nr;
	} while (err == -ENOSPC);
	if (err) {
		free(*traps);
		*traps = NULL;
	}
	return err;
}

const char *policies_row(struct vm *vm, uint32_t row, char *text)
{
	struct posada_trap *traps;
	uint32_t nr;

	*text = '\0';
	if (policies_get(vm, &traps, &nr))
		return text;
	if (row < nr)
		policy_print_row(&traps[row], text);
	free(traps);
	return text;
}

/* ---- the control socket -------------------------------------------------------------------- */

static json_t *refuse(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *rows_of(const struct posada_trap *traps, uint32_t nr)
{
	json_t *rows = json_array();
	char text[POLICY_TEXT];

	for (uint32_t i = 0; i < nr; i++)
		json_array_append_new(rows,
				      json_pack("{s:i, s:s, s:s, s:s, s:I, s:b}", "row", (int)i,
						"text", policy_print_row(&traps[i], text), "kind",
						policy_kind_name(traps[i].what), "disposition",
						policy_disposition_name(traps[i].disposition),
						"hits", (json_int_t)traps[i].hits, "built_in",
						!!(traps[i].flags & POSADA_TRAP_BUILT_IN)));
	return rows;
}

static json_t *show(struct vm *vm)
{
	struct posada_trap *traps;
	uint32_t nr;
	json_t *reply;
	int err = policies_get(vm, &traps, &nr);

	if (err == -ENOTTY)
		return refuse("the driver has no trap policy");
	if (err)
		return refuse(strerror(-err));
	reply = json_pack("{s:b, s:s, s:o}", "ok", 1, "name", vm->name, "rows", rows_of(traps, nr));
	free(traps);
	return reply;
}

static json_t *replace(struct vm *vm, const json_t *rows)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	char error[POLICY_ERROR] = "out of memory";
	const json_t *row;
	uint32_t bad;
	size_t i;
	int err = policy ? 0 : -1;

	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(row);

		if (!err)
			err = policy_add(policy, text ? text : "", text ? text : "a row", 0, error);
	}
	if (!err)
		err = policies_set(vm, policy->trap, policy->nr, &bad, error);
	free(policy);
	return err ? refuse(error) : show(vm);
}

json_t *policies_command(struct vm *vm, const json_t *request)
{
	const json_t *rows = json_object_get(request, "set");

	if (!rows)
		return show(vm);
	if (!json_is_array(rows))
		return refuse("\"set\" is an array of rows as text");
	return replace(vm, rows);
}
