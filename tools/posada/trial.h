/* SPDX-License-Identifier: GPL-2.0 */
/* A guest of one instruction, to see whether guests run at all. */
#ifndef POSADA_TRIAL_H
#define POSADA_TRIAL_H

#include "libposada.h"

/**
 * struct trial - what came of it
 * @step: what was tried last
 * @reason: posada_run.reason
 * @hw_reason: posada_run.hw_reason
 */
struct trial {
	const char *step;
	uint32_t reason;
	uint32_t hw_reason;
};

/** trial_run() - HLT in real mode.  Return: 0 if RUN came back, or -errno of trial->step */
int trial_run(int dev, const struct posada_info *info, struct trial *trial);

#endif /* POSADA_TRIAL_H */
