/* SPDX-License-Identifier: GPL-2.0 */
/* A failed entry as JSON. */
#ifndef POSADA_EXPLAIN_JSON_H
#define POSADA_EXPLAIN_JSON_H

#include <jansson.h>

struct explanation;

/** explain_json() - error, qualification and the rules with fields.  Return: a new reference */
json_t *explain_json(const struct explanation *e);

#endif /* POSADA_EXPLAIN_JSON_H */
