/* SPDX-License-Identifier: GPL-2.0 */
/* What a guest has done, as JSON and as a table made from that JSON. */
#ifndef POSADA_REPORT_H
#define POSADA_REPORT_H

#include <stdio.h>

#include <jansson.h>

struct vm;

/** report_info() - name, pid, state, memory, seconds.  Return: a new reference */
json_t *report_info(struct vm *vm);

/** report_stats() - what report_info() tells, and exits by reason.  Return: a new reference */
json_t *report_stats(struct vm *vm);

/** report_print() - report_stats() for people */
void report_print(FILE *file, const json_t *stats);

/** report_dump() - JSON on one line */
void report_dump(FILE *file, const json_t *json);

#endif /* POSADA_REPORT_H */
