// SPDX-License-Identifier: GPL-2.0
#include "explain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exitname.h"
#include "kernel_types.h"
#include "libposada.h"

#include "../../module/entry_check.h"

/* ---- the tables ------------------------------------------------------------------------ */

#define CONTROLS "controls"
#define HOST	 "host"
#define GUEST	 "guest"

#define RULE(name, stage, section, words) { #name, stage, section, words },
static const struct explain_rule rules[] = { ENTRY_RULES(RULE) };

#define FIELD(encoding, name, width) #name,
#define FACT(number, name, member)   #name,
static const char *const names[] = { VMCS_FIELDS(FIELD) ENTRY_FACTS(FACT) };

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))
#define NR_NAMES (sizeof(names) / sizeof(names[0]))

const struct explain_rule *explain_rule(uint32_t id)
{
	return id < NR_RULES ? &rules[id] : NULL;
}

/* Position in the list of fields and facts, or NR_NAMES. */
static unsigned int index_of(uint32_t encoding)
{
	unsigned int i;

	for (i = 0; i < NR_NAMES; i++)
		if (entry_number(i) == encoding)
			break;
	return i;
}

const char *explain_field(uint32_t encoding)
{
	unsigned int i = index_of(encoding);

	return i < NR_NAMES ? names[i] : NULL;
}

void explain_free(struct explanation *e)
{
	free(e->rules);
	free(e->fields);
	*e = (struct explanation){ 0 };
}

/* ---- live --------------------------------------------------------------------------------- */

int explain_vcpu(int vcpu, struct explanation *e)
{
	struct posada_explain x = { .size = sizeof(x) };
	int err;

	*e = (struct explanation){ 0 };
	do {
		explain_free(e);
		e->rules = calloc(x.nr_rules + 1, sizeof(*e->rules));
		e->fields = calloc(x.nr_fields + 1, sizeof(*e->fields));
		if (!e->rules || !e->fields) {
			explain_free(e);
			return -ENOMEM;
		}
		x.rules = (uintptr_t)e->rules;
		x.fields = (uintptr_t)e->fields;
		err = posada_explain(vcpu, &x);
	} while (err == -ENOSPC);
	if (err) {
		explain_free(e);
		return err;
	}
	e->instruction_error = x.instruction_error;
	e->qualification = x.qualification;
	e->nr_rules = x.nr_rules;
	e->nr_fields = x.nr_fields;
	return 0;
}

/* ---- from a dump ----------------------------------------------------------------------------- */

static int wrong(char error[EXPLAIN_ERROR], const char *what, const char *name)
{
	snprintf(error, EXPLAIN_ERROR, "%s%s", what, name);
	return -EINVAL;
}

/* What must be known of a CPU to judge anything by it. */
static bool needed(unsigned int fact)
{
	switch (fact) {
	case FACT_IA32_VMX_PROCBASED_CTLS2:
	case FACT_IA32_VMX_EPT_VPID_CAP:
	case FACT_IA32_VMX_VMFUNC:
	case FACT_IA32_VMX_PROCBASED_CTLS3:
	case FACT_IA32_VMX_EXIT_CTLS2:
	case FACT_FEATURES:
		return false; /* 0 without */
	}
	return fact <= FACT_LINEAR_ADDRESS_BITS;
}

static const size_t fact_at[] = {
#define FACT_AT(number, name, member) offsetof(struct entry_cpu, member),
	ENTRY_FACTS(FACT_AT)
};

/* The order of the list is that of the index: what is not told is 0, or not known. */
static int gather(const struct explanation *e, struct vmcs_image *image, struct entry_cpu *cpu,
		  char error[EXPLAIN_ERROR])
{
	bool told[ENTRY_NR_FACTS] = { false };

	*image = (struct vmcs_image){ 0 };
	*cpu = (struct entry_cpu){
		.efer_may = ENTRY_UNKNOWN,
		.debugctl_may = ENTRY_UNKNOWN,
		.perf_global_may = ENTRY_UNKNOWN,
		.vmcs_address = ENTRY_UNKNOWN,
		.vtpr = ENTRY_UNKNOWN,
	};
	for (uint32_t i = 0; i < e->nr_fields; i++) {
		unsigned int at = index_of(e->fields[i].encoding);

		if (at < VMCS_NR_FIELDS) {
			image->value[at] = e->fields[i].value;
			image->there[at] = 1;
		} else if (at < NR_NAMES) {
			at -= VMCS_NR_FIELDS;
			*(u64 *)((char *)cpu + fact_at[at]) = e->fields[i].value;
			told[at] = true;
		}
	}
	for (unsigned int i = 0; i < ENTRY_NR_FACTS; i++)
		if (needed(i) && !told[i])
			return wrong(error, "it does not tell ", names[VMCS_NR_FIELDS + i]);
	if (cpu->phys_bits < 32 || cpu->phys_bits > 52)
		return wrong(error, "nonsense: ", "PHYSICAL_ADDRESS_BITS");
	if (cpu->linear_bits < 32 || cpu->linear_bits > 63)
		return wrong(error, "nonsense: ", "LINEAR_ADDRESS_BITS");
	return 0;
}

int explain_judge(struct explanation *e, char error[EXPLAIN_ERROR])
{
	struct entry_violation *broken;
	struct posada_rule *found;
	struct vmcs_image image;
	struct entry_cpu cpu;
	unsigned int nr;
	int err = gather(e, &image, &cpu, error);

	if (err)
		return err;
	nr = entry_check(&image, &cpu, NULL, 0);
	broken = calloc(nr + 1, sizeof(*broken));
	found = calloc(nr + 1, sizeof(*found));
	if (!broken || !found) {
		free(broken);
		free(found);
		wrong(error, "out of memory", "");
		return -ENOMEM;
	}
	entry_check(&image, &cpu, broken, nr);
	for (unsigned int i = 0; i < nr; i++) {
		found[i].id = broken[i].id;
		found[i].nr_fields = broken[i].nr_fields;
		for (unsigned int j = 0; j < broken[i].nr_fields; j++) {
			found[i].field[j] = broken[i].field[j];
			found[i].value[j] = broken[i].value[j];
		}
	}
	free(broken);
	free(e->rules);
	e->rules = found;
	e->nr_rules = nr;
	return 0;
}

#define OWN_ERROR	  "INSTRUCTION_ERROR"
#define OWN_QUALIFICATION "QUALIFICATION"

int explain_save(FILE *file, const struct explanation *e)
{
	fprintf(file, "# A VM entry that failed: see 'posada explain --help'.\n");
	fprintf(file, "%s = %#x\n", OWN_ERROR, e->instruction_error);
	fprintf(file, "%s = %#llx\n", OWN_QUALIFICATION, (unsigned long long)e->qualification);
	for (uint32_t i = 0; i < e->nr_fields; i++) {
		const char *name = explain_field(e->fields[i].encoding);

		if (name)
			fprintf(file, "%s = %#llx\n", name,
				(unsigned long long)e->fields[i].value);
	}
	return fflush(file) || ferror(file) ? -EIO : 0;
}

/* "NAME = VALUE": 1, nothing but blanks and a comment: 0, else -EINVAL. */
static int parse(char *line, char **name, uint64_t *value)
{
	char *p, *end;

	line[strcspn(line, "#\n")] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (!*line)
		return 0;
	*name = line;
	p = line + strcspn(line, " \t=");
	if (p == line)
		return -EINVAL;
	end = p + strspn(p, " \t");
	if (*end != '=')
		return -EINVAL;
	*p = '\0';
	p = end + 1 + strspn(end + 1, " \t");
	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	errno = 0;
	*value = strtoull(p, &end, 0);
	while (isspace((unsigned char)*end))
		end++;
	return errno || *end ? -EINVAL : 1;
}

static int take(struct explanation *e, const char *name, uint64_t value)
{
	unsigned int i;

	if (!strcmp(name, OWN_ERROR)) {
		e->instruction_error = (uint32_t)value;
		return 0;
	}
	if (!strcmp(name, OWN_QUALIFICATION)) {
		e->qualification = value;
		return 0;
	}
	for (i = 0; i < NR_NAMES && strcmp(names[i], name) != 0;)
		i++;
	if (i == NR_NAMES)
		return -ENOENT;
	for (uint32_t j = 0; j < e->nr_fields; j++)
		if (e->fields[j].encoding == entry_number(i))
			return -EEXIST;
	e->fields[e->nr_fields++] = (struct posada_field){
		.encoding = entry_number(i),
		.value = value,
	};
	return 0;
}

static int load_lines(FILE *file, struct explanation *e, char error[EXPLAIN_ERROR])
{
	unsigned int number = 0;
	char line[256], *name;
	const char *why;
	uint64_t value;
	int ret;

	while (fgets(line, sizeof(line), file)) {
		number++;
		ret = parse(line, &name, &value);
		if (!ret)
			continue;
		why = "it wants NAME = VALUE";
		if (ret > 0) {
			ret = take(e, name, value);
			why = ret == -ENOENT ? "no field of that name" : "told twice";
		}
		if (ret) {
			snprintf(error, EXPLAIN_ERROR, "line %u: %s", number, why);
			return -EINVAL;
		}
	}
	if (!ferror(file))
		return 0;
	snprintf(error, EXPLAIN_ERROR, "it cannot be read");
	return -EIO;
}

int explain_load(FILE *file, struct explanation *e, char error[EXPLAIN_ERROR])
{
	int err;

	*e = (struct explanation){ .fields = calloc(NR_NAMES, sizeof(*e->fields)) };
	if (!e->fields) {
		snprintf(error, EXPLAIN_ERROR, "out of memory");
		return -ENOMEM;
	}
	err = load_lines(file, e, error);
	if (err)
		explain_free(e);
	return err;
}

/* ---- in words ------------------------------------------------------------------------------------ */

static void print_rule(FILE *file, const struct posada_rule *broken)
{
	const struct explain_rule *rule = explain_rule(broken->id);

	if (rule)
		fprintf(file, "  %-9s %s\n", rule->section, rule->words);
	else
		fprintf(file, "  rule %u of a newer module\n", broken->id);
	for (uint32_t i = 0; i < broken->nr_fields && i < ENTRY_VIOLATION_FIELDS; i++) {
		const char *name = explain_field(broken->field[i]);

		if (name)
			fprintf(file, "            %-30s %#llx\n", name,
				(unsigned long long)broken->value[i]);
		else
			fprintf(file, "            field %#-24x %#llx\n", broken->field[i],
				(unsigned long long)broken->value[i]);
	}
}

void explain_print(FILE *file, const struct explanation *e)
{
	if (e->instruction_error)
		fprintf(file, "The VM entry failed with VM-instruction error %u, %s.\n",
			e->instruction_error, entry_error_name(e->instruction_error));
	else
		fprintf(file, "The VM entry failed on the guest state, qualification %#llx.\n",
			(unsigned long long)e->qualification);
	if (!e->nr_rules) {
		fprintf(file, "It breaks no rule of the manual that is known here.\n");
		return;
	}
	fprintf(file, "It breaks %u rule%s of the manual (SDM volume 3C):\n", e->nr_rules,
		e->nr_rules == 1 ? "" : "s");
	for (uint32_t i = 0; i < e->nr_rules; i++)
		print_rule(file, &e->rules[i]);
}
