// SPDX-License-Identifier: GPL-2.0
/* A failed entry as JSON: values as text, for no JSON number has 64 bits. */
#include "explain_json.h"

#include <stdio.h>

#include "explain.h"

static json_t *hex(uint64_t value)
{
	return json_sprintf("%#llx", (unsigned long long)value);
}

static json_t *fields_of(const struct posada_rule *broken)
{
	json_t *fields = json_object();

	for (uint32_t i = 0; i < broken->nr_fields && i < 4; i++) {
		const char *name = explain_field(broken->field[i]);
		char number[16];

		snprintf(number, sizeof(number), "%#x", broken->field[i]);
		json_object_set_new(fields, name ? name : number, hex(broken->value[i]));
	}
	return fields;
}

static json_t *rule_of(const struct posada_rule *broken)
{
	const struct explain_rule *rule = explain_rule(broken->id);

	if (!rule)
		return json_pack("{s:i, s:o}", "id", (int)broken->id, "fields",
				 fields_of(broken));
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o}", "id", (int)broken->id, "name",
			 rule->name, "stage", rule->stage, "section", rule->section, "words",
			 rule->words, "fields", fields_of(broken));
}

json_t *explain_json(const struct explanation *e)
{
	json_t *rules = json_array();

	for (uint32_t i = 0; i < e->nr_rules; i++)
		json_array_append_new(rules, rule_of(&e->rules[i]));
	return json_pack("{s:i, s:o, s:o}", "instruction_error", (int)e->instruction_error,
			 "qualification", hex(e->qualification), "rules", rules);
}
