/* SPDX-License-Identifier: GPL-2.0 */
#ifndef POSADA_WORK_H
#define POSADA_WORK_H

/**
 * work_handle - do what the kernel wants of a task before it enters a guest
 *
 * Rescheduling, task work, restartable sequences.  Interrupts on, may sleep.
 *
 * Return: 0, or -EINTR if a signal is pending.
 */
int work_handle(void);

#endif /* POSADA_WORK_H */
