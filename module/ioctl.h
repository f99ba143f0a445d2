/* SPDX-License-Identifier: GPL-2.0 */
#ifndef POSADA_IOCTL_H
#define POSADA_IOCTL_H

struct file_operations;

extern const struct file_operations device_fops;

#endif /* POSADA_IOCTL_H */
