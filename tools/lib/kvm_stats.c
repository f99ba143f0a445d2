// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's statistics, which are found by name.  KVM counts all exits, and some kinds
 * of them; posada_stats.exits is 0 for a kind that it does not count.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_kvm.h"

#define EXIT(reason) offsetof(struct posada_stats, exits[reason])

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
	{ "exits", offsetof(struct posada_stats, entries) },
	{ "irq_injections", offsetof(struct posada_stats, irq) },
	{ "nmi_injections", offsetof(struct posada_stats, nmi) },
	{ "pf_fixed", offsetof(struct posada_stats, faults) },
	{ "irq_exits", EXIT(1) },
	{ "irq_window_exits", EXIT(7) },
	{ "nmi_window_exits", EXIT(8) },
	{ "halt_exits", EXIT(12) },
	{ "invlpg", EXIT(14) },
	{ "hypercalls", EXIT(18) },
	{ "io_exits", EXIT(30) },
	{ "pf_taken", EXIT(48) },
	{ "mmio_exits", EXIT(49) },
};

int kvm_stats_open(int vcpu)
{
	return kvm_ioctl(vcpu, KVM_GET_STATS_FD, 0);
}

static void take(const struct kvm_stats_desc *desc, const void *data, size_t size,
		 struct posada_stats *stats)
{
	if (desc->offset + 8UL > size)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].name, desc->name))
			memcpy((char *)stats + rows[i].offset, (const char *)data + desc->offset,
			       8);
}

/* The file: header, descriptors of one size, values. */
static int read_all(int file, struct posada_stats *stats)
{
	struct kvm_stats_header header;
	char *descs, *data;
	size_t step, size;
	int err = -1;

	if (pread(file, &header, sizeof(header), 0) != sizeof(header))
		return -1;
	step = sizeof(struct kvm_stats_desc) + header.name_size;
	size = (size_t)header.num_desc * 8 + 8192; /* histograms have many values */
	descs = malloc(step * header.num_desc);
	data = calloc(1, size);
	if (descs && data &&
	    pread(file, descs, step * header.num_desc, header.desc_offset) ==
		    (ssize_t)(step * header.num_desc) &&
	    pread(file, data, size, header.data_offset) > 0) {
		for (uint32_t i = 0; i < header.num_desc; i++)
			take((struct kvm_stats_desc *)(descs + step * i), data, size, stats);
		err = 0;
	}
	free(descs);
	free(data);
	return err;
}

int kvm_stats(struct driver_vcpu *vcpu, struct posada_stats *stats)
{
	const struct kvm_cpu *cpu = kvm_cpu_of(vcpu);

	*stats = (struct posada_stats){ .size = sizeof(*stats), .to_user = cpu->to_user };
	/* A KVM without the file (before 5.14) tells nothing. */
	if (cpu->stats >= 0)
		read_all(cpu->stats, stats);
	return 0;
}
