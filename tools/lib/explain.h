/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a VM entry failed, in the words of the manual: live from a vCPU, or from a dump.
 *
 * A dump is text: a line "NAME = VALUE" for each VMCS field, capability MSR and other
 * fact, in any order; # begins a comment.
 */
#ifndef POSADA_EXPLAIN_H
#define POSADA_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/posada.h>

/**
 * struct explanation - a failed entry
 * @instruction_error: VM-instruction error, 0 for a failure on the guest state
 * @qualification: exit qualification
 * @rules: what is broken
 * @nr_rules: how many
 * @fields: the VMCS, and what the CPU says of itself
 * @nr_fields: how many
 *
 * All zeroes is an explanation of nothing.
 */
struct explanation {
	uint32_t instruction_error;
	uint64_t qualification;
	struct posada_rule *rules;
	uint32_t nr_rules;
	struct posada_field *fields;
	uint32_t nr_fields;
};

/**
 * struct explain_rule - a rule of the manual
 * @name: short, and the same in all versions
 * @stage: "controls", "host" or "guest"
 * @section: of SDM volume 3C
 * @words: what is wanted
 */
struct explain_rule {
	const char *name;
	const char *stage;
	const char *section;
	const char *words;
};

/** explain_rule() - a rule by number, or NULL: the module is newer than this library */
const struct explain_rule *explain_rule(uint32_t id);

/** explain_field() - the name of a VMCS field or fact, or NULL */
const char *explain_field(uint32_t encoding);

/**
 * explain_vcpu() - POSADA_EXPLAIN, whatever its size
 * @vcpu: vCPU descriptor
 * @e: out; explain_free() frees what it holds
 *
 * Return: 0 or -errno; -ENOENT: the last entry did not fail.
 */
int explain_vcpu(int vcpu, struct explanation *e);

/** explain_free() - and make it one of nothing */
void explain_free(struct explanation *e);

#define EXPLAIN_ERROR 128

/**
 * explain_judge() - find the rules that @e->fields break, in place of @e->rules
 * @e: from explain_load() or explain_vcpu()
 * @error: out: what is missing, in words
 *
 * Return: 0, -EINVAL (the fields say too little of the CPU, or nonsense) or -ENOMEM.
 */
int explain_judge(struct explanation *e, char error[EXPLAIN_ERROR]);

/** explain_save() - as a dump.  Return: 0 or -errno */
int explain_save(FILE *file, const struct explanation *e);

/**
 * explain_load() - read a dump; the rules are for explain_judge() to find
 * @file: to its end
 * @e: out; explain_free() frees what it holds
 * @error: out: what is wrong with which line, in words
 *
 * Return: 0, -EINVAL, -EIO or -ENOMEM.
 */
int explain_load(FILE *file, struct explanation *e, char error[EXPLAIN_ERROR]);

/** explain_print() - each broken rule with section, words, fields and values */
void explain_print(FILE *file, const struct explanation *e);

#endif /* POSADA_EXPLAIN_H */
