/* SPDX-License-Identifier: GPL-2.0 */
/* Every request of the ABI as a row, with an argument that is accepted. */
#ifndef SELFTESTS_REQUESTS_H
#define SELFTESTS_REQUESTS_H

#include "vm.h"

enum file_kind { DEVICE_FILE, VM_FILE, VCPU_FILE, FILE_KINDS };

union request_argument {
	__u32 size;
	struct posada_info info;
	struct posada_create_vm create_vm;
	struct posada_cpuid cpuid;
	struct posada_memory memory;
	struct posada_create_vcpu create_vcpu;
	struct posada_policy policy;
	struct posada_interrupt interrupt;
	struct posada_stats stats;
	struct posada_guest_debug guest_debug;
	struct posada_last_exits last_exits;
	struct posada_state state;
	struct posada_explain explain;
};

struct request {
	const char *name;
	enum file_kind kind;
	unsigned long number;
	size_t size;			/* of its struct; 0: takes none */
	size_t published;		/* its first size, if it has grown; else 0 */
	bool writes_back;
	bool makes_file;
	int answer;			/* to an argument in order: 0, or an error */
	/* Fills in an argument that is accepted by a VM with 64-bit vCPU 0. */
	void (*fill)(union request_argument *argument);
};

extern const struct request requests[];
extern const unsigned int nr_requests;

#endif /* SELFTESTS_REQUESTS_H */
