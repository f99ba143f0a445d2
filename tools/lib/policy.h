/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trap policy as text.  A row is
 *
 *   KIND[:ACCESS][=FIRST[-LAST]]:DISPOSITION[=VALUE]
 *
 * without blanks: `msr:r=0x1b:ignore=0xfee00900`, `io=0x80-0x8f:terminate`,
 * `vmcall:fault=#ud`.  Without ACCESS it is for reads and writes, without a range
 * for all there are.  A file has a row a line; `#` at the start of a line or behind
 * a blank begins a comment.  Documentation/policy.rst has all of it.
 *
 * Pure: text in, rows out, and back.  Whether a row can be is for the driver to
 * say, which knows the CPU.
 */
#ifndef POSADA_POLICY_H
#define POSADA_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include <linux/posada.h>

#define POLICY_TEXT  96	 /* room for any row as text */
#define POLICY_ERROR 512 /* room for any complaint */

/**
 * struct policy - rows, and where they came from
 * @nr: how many
 * @trap: the rows, in the order in which they are tried
 * @source: of each, what it was read from; the string is the caller's
 * @line: of each, the line there, or 0
 */
struct policy {
	uint32_t nr;
	struct posada_trap trap[POSADA_POLICY_MAX_TRAPS];
	const char *source[POSADA_POLICY_MAX_TRAPS];
	unsigned int line[POSADA_POLICY_MAX_TRAPS];
};

/** policy_kind_name() - of POSADA_TRAP_*, as rows have it; "?" if there is none */
const char *policy_kind_name(uint32_t what);

/** policy_kind_find() - the other way.  Return: POSADA_TRAP_* or -1 */
int policy_kind_find(const char *name);

/** policy_disposition_name() - of POSADA_NATIVE and its kin, as rows have it */
const char *policy_disposition_name(uint32_t disposition);

/** policy_disposition_find() - the other way.  Return: POSADA_NATIVE... or -1 */
int policy_disposition_find(const char *name);

/**
 * policy_parse_row() - text to row
 * @text: one row, nothing around it
 * @trap: out
 * @error: POLICY_ERROR bytes, out: what is wrong and what would be right
 *
 * Return: 0 or -1.
 */
int policy_parse_row(const char *text, struct posada_trap *trap, char *error);

/**
 * policy_print_row() - row to text, which policy_parse_row() reads as the same row
 * @trap: the row; its flags and hits are not told
 * @text: POLICY_TEXT bytes, out
 *
 * Return: @text.
 */
const char *policy_print_row(const struct posada_trap *trap, char *text);

/**
 * policy_add() - one more row behind the others
 * @policy: gets it
 * @text: as policy_parse_row()
 * @source: what to call where it came from
 * @line: there, or 0
 * @error: POLICY_ERROR bytes, out: `source: ` or `source:line: `, and what is wrong
 *
 * Return: 0 or -1.
 */
int policy_add(struct policy *policy, const char *text, const char *source, unsigned int line,
	       char *error);

/**
 * policy_parse() - the rows of a file behind the others
 * @policy: gets them; some of them also if one is wrong
 * @text: all of the file
 * @source: its name
 * @error: as policy_add()
 *
 * Return: 0 or -1.
 */
int policy_parse(struct policy *policy, const char *text, const char *source, char *error);

/** policy_origin() - row @row was read from: `source` or `source:line`.  Return: @text */
const char *policy_origin(const struct policy *policy, uint32_t row, char *text, size_t size);

/**
 * policy_describe() - what a guest did, as a sentence without its end
 * @what: POSADA_TRAP_*
 * @access: POSADA_TRAP_READ or _WRITE
 * @number: leaf, port, MSR, register or vector
 * @value: what it would have written
 * @text: POLICY_TEXT bytes, out: `the guest read MSR 0x1b`
 *
 * Return: @text.
 */
const char *policy_describe(uint32_t what, uint32_t access, uint32_t number, uint64_t value,
			    char *text);

#endif /* POSADA_POLICY_H */
