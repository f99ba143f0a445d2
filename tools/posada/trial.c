// SPDX-License-Identifier: GPL-2.0
/* A guest of one instruction. */
#include "trial.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mode.h"

#define PAGE 4096
#define HLT  0xf4

/* Page 0 is all there is, and all of it HLT. */
static int run_vcpu(int vcpu, const struct posada_info *info, struct trial *trial)
{
	struct posada_state state = { .control.xcr0 = info->xcr0 ? 1 : 0 };
	struct posada_run *run;
	int err;

	trial->step = "mapping the run page";
	err = posada_run_page(vcpu, info->run_size, &run);
	if (err)
		return err;
	trial->step = "setting its registers";
	mode_real(&state, 0, 0);
	err = posada_state_set(vcpu, &state, MODE_GROUPS);
	if (!err) {
		trial->step = "POSADA_RUN";
		run->flags = POSADA_RUN_EXIT_HLT;
		do {
			err = posada_run(vcpu);
		} while (err == -EINTR);
	}
	trial->reason = run->reason;
	trial->hw_reason = run->hw_reason;
	posada_run_page_unmap(run, info->run_size);
	return err;
}

static int run_vm(int vm, const struct posada_info *info, uint8_t *page, struct trial *trial)
{
	int err, vcpu;

	trial->step = "giving it memory";
	err = posada_memory_map(vm, 0, PAGE, page, 0);
	if (err)
		return err;
	trial->step = "making a vCPU";
	vcpu = posada_create_vcpu(vm, 0);
	if (vcpu < 0)
		return vcpu;
	err = run_vcpu(vcpu, info, trial);
	close(vcpu);
	return err;
}

int trial_run(int dev, const struct posada_info *info, struct trial *trial)
{
	uint8_t *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err, vm;

	trial->step = "getting memory";
	if (page == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < PAGE; i++)
		page[i] = HLT;
	trial->step = "making a VM";
	vm = posada_create_vm(dev);
	err = vm < 0 ? vm : run_vm(vm, info, page, trial);
	if (vm >= 0)
		close(vm);
	munmap(page, PAGE);
	return err;
}
