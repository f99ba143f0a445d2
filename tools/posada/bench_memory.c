// SPDX-License-Identifier: GPL-2.0
/* posada bench: first touches, lives of VMs, and what they cost the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "cli.h"
#include "clock.h"
#include "mode.h"
#include "vm.h"

#define MIB (1ULL << 20)

/* ---- first touch ---------------------------------------------------------------- */

static const struct touch {
	const char *name;
	const char *what;
	int huge;
	int populate;
	uint64_t stride;
	uint64_t size;
} touches[] = {
	{ "touch", "4 KiB page, present in the host", 0, 1, 4096, 16 * MIB },
	{ "touch-fresh", "4 KiB page, new in the host too", 0, 0, 4096, 16 * MIB },
	{ "touch-huge", "2 MiB page, present in the host", 1, 1, 2 * MIB, 64 * MIB },
	{ "touch-huge-fresh", "2 MiB page, new in the host too", 1, 0, 2 * MIB, 64 * MIB },
	{ "touch-along", "each 4 KiB of present 2 MiB pages", 1, 1, 4096, 16 * MIB },
};

static int touch_once(struct vm *vm, const struct touch *t)
{
	uint64_t count = t->size / t->stride;
	uint8_t *memory = bench_buffer(t->size, t->huge, t->populate);
	int err;

	if (!memory)
		return fail("cannot get %llu MiB of memory.", t->size / MIB);
	err = posada_memory_map(vm->driver.fd, BENCH_TOUCH, t->size, memory, 0);
	if (!err) {
		/* The guest adds the stride before it touches. */
		if (bench_start(vm, CODE_TOUCH, count, BENCH_TOUCH - t->stride, t->stride) ||
		    bench_run(vm))
			err = -ECANCELED;
		else
			bench_report(t->name, t->what, "ticks", bench_results(vm), count);
		posada_memory_unmap(vm->driver.fd, BENCH_TOUCH, t->size);
	} else {
		fail("cannot give the guest memory: %s.", why(err));
	}
	munmap(memory, t->size);
	return err ? -1 : 0;
}

int bench_touches(void)
{
	struct vm *vm = NULL;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(touches) / sizeof(touches[0]); i++) {
		if (!bench_wanted(touches[i].name))
			continue;
		if (!vm) {
			vm = bench_guest();
			/* Once for nothing: the guest's own code and results are present then. */
			if (!vm || bench_start(vm, CODE_NOTHING, 10000, 0, 0) || bench_run(vm)) {
				ret = -1;
				break;
			}
		}
		ret = touch_once(vm, &touches[i]);
	}
	if (vm)
		bench_guest_destroy(vm);
	return ret;
}

/* ---- life --------------------------------------------------------------------------- */

/* Real mode: out %al, $BENCH_DONE */
static const uint8_t real_code[] = { 0xe6, BENCH_DONE };

struct life {
	int vm;
	int vcpu;
	struct posada_run *run;
	uint32_t run_size;
};

static void life_end(struct life *life)
{
	if (life->run)
		posada_run_page_unmap(life->run, life->run_size);
	if (life->vcpu >= 0)
		close(life->vcpu);
	if (life->vm >= 0)
		close(life->vm);
}

/* From POSADA_CREATE_VM to the exit of the guest's first instruction. */
static int life_begin(int dev, const struct posada_info *info, uint8_t *memory, uint64_t size,
		      struct life *life)
{
	struct posada_state state = { .control.xcr0 = info->xcr0 ? 1 : 0 };
	int err;

	*life = (struct life){ .vcpu = -1, .run_size = info->run_size };
	life->vm = posada_create_vm(dev);
	if (life->vm < 0)
		return life->vm;
	err = posada_memory_map(life->vm, 0, size, memory, 0);
	if (!err) {
		life->vcpu = posada_create_vcpu(life->vm, 0);
		err = life->vcpu < 0 ? life->vcpu :
				       posada_run_page(life->vcpu, life->run_size, &life->run);
	}
	if (!err) {
		mode_real(&state, 0, 0);
		err = posada_state_set(life->vcpu, &state, MODE_GROUPS);
	}
	while (!err && ((err = posada_run(life->vcpu)) == -EINTR ||
			(!err && life->run->reason == POSADA_EXIT_KICK)))
		err = 0;
	if (!err && life->run->reason != POSADA_EXIT_IO)
		err = -EPROTO;
	return err;
}

#define LIVES 100

static int lives(int dev, const struct posada_info *info, uint8_t *memory, const char *suffix,
		 const char *words)
{
	static uint64_t begin[LIVES], end[LIVES];
	char name[32], what[64];

	for (int i = -3; i < LIVES; i++) {
		uint64_t t0 = clock_tsc(), t1, t2;
		struct life life;
		int err = life_begin(dev, info, memory, 4096, &life);

		t1 = clock_tsc();
		life_end(&life);
		t2 = clock_tsc();
		if (err)
			return fail("cannot make and run a VM: %s.", why(err));
		if (i >= 0) {
			begin[i] = t1 - t0;
			end[i] = t2 - t1;
		}
	}
	snprintf(name, sizeof(name), "create%s", suffix);
	snprintf(what, sizeof(what), "VM from creation to its first exit, %s", words);
	bench_report(name, what, "ticks", begin, LIVES);
	snprintf(name, sizeof(name), "destroy%s", suffix);
	snprintf(what, sizeof(what), "VM destroyed, %s", words);
	bench_report(name, what, "ticks", end, LIVES);
	return 0;
}

static int open_device(struct posada_info *info)
{
	int dev = posada_open(), err;

	if (dev < 0)
		return fail("cannot open %s: %s. See 'posada doctor'.", POSADA_DEVICE,
			    strerror(-dev));
	err = posada_info(dev, info);
	if (!err)
		return dev;
	close(dev);
	return fail("POSADA_INFO: %s.", why(err));
}

int bench_life(void)
{
	uint8_t *memory;
	struct posada_info info;
	struct life other;
	int dev, ret;

	if (!bench_wanted("life"))
		return 0;
	dev = open_device(&info);
	if (dev < 0)
		return -1;
	memory = bench_buffer(2 * MIB, 0, 1);
	if (!memory) {
		close(dev);
		return fail("out of memory.");
	}
	memcpy(memory, real_code, sizeof(real_code));
	ret = lives(dev, &info, memory, "", "the only one");
	if (!ret) {
		int err = life_begin(dev, &info, memory, 4096, &other);

		if (err)
			ret = fail("cannot make and run a VM: %s.", why(err));
		else
			ret = lives(dev, &info, memory, "-second", "beside another");
		life_end(&other);
	}
	munmap(memory, 2 * MIB);
	close(dev);
	return ret;
}

/* ---- kernel memory --------------------------------------------------------------------- */

#define VMS 50

static uint64_t free_kib(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	unsigned long long kib = 0;
	char line[128];
	FILE *file;

	/* Without the right to, the figure is less exact. */
	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			errno = 0;
		close(fd);
	}
	usleep(50000);
	file = fopen("/proc/meminfo", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

int bench_memory(void)
{
	static struct life vms[VMS];
	struct posada_info info;
	uint64_t before, after, each;
	uint8_t *memory;
	int dev, err = 0, made = 0;

	if (!bench_wanted("memory"))
		return 0;
	dev = open_device(&info);
	if (dev < 0)
		return -1;
	memory = bench_buffer(2 * MIB, 0, 1);
	if (!memory) {
		close(dev);
		return fail("out of memory.");
	}
	memcpy(memory, real_code, sizeof(real_code));
	/* Once for nothing, so that slabs and per-CPU things are there. */
	err = life_begin(dev, &info, memory, 2 * MIB, &vms[0]);
	life_end(&vms[0]);
	before = free_kib();
	for (made = 0; !err && made < VMS; made++)
		err = life_begin(dev, &info, memory, 2 * MIB, &vms[made]);
	after = free_kib();
	for (int i = 0; i < made; i++)
		life_end(&vms[i]);
	munmap(memory, 2 * MIB);
	close(dev);
	if (err)
		return fail("cannot make and run %d VMs: %s.", VMS, why(err));
	each = before > after ? (before - after) / VMS : 0;
	bench_report("memory", "kernel memory of a VM with one vCPU that ran", "KiB", &each, 1);
	return 0;
}
