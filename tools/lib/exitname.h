/* SPDX-License-Identifier: GPL-2.0 */
/* Names of exits, for people. */
#ifndef POSADA_EXITNAME_H
#define POSADA_EXITNAME_H

#include <stdint.h>

/**
 * exit_reason_name() - a basic exit reason (SDM 3C appendix C) in a few words
 * @reason: posada_run.hw_reason, or an index into posada_stats.exits
 *
 * Return: a constant string; "reserved" for numbers the manual leaves out.
 */
const char *exit_reason_name(uint32_t reason);

/** posada_exit_name() - a POSADA_EXIT_* in a few words */
const char *posada_exit_name(uint32_t reason);

/** entry_error_name() - a VM-instruction error (SDM 3C 31.4) in a few words */
const char *entry_error_name(uint32_t error);

#endif /* POSADA_EXITNAME_H */
