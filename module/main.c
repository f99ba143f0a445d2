// SPDX-License-Identifier: GPL-2.0
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "cpu.h"
#include "ioctl.h"
#include "ledger.h"
#include "mitigate.h"
#include "vcpu.h"

atomic_long_t ledger[LEDGER_NR];

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "posada",
	.fops = &device_fops,
	.mode = 0600,
};

/* Nothing leaks, provably: with no file open, no object may be left. */
static void check_ledger(void)
{
	static const char * const names[LEDGER_NR] = {
		[LEDGER_VM] = "VMs", [LEDGER_VCPU] = "vCPUs",
		[LEDGER_RANGE] = "memory ranges", [LEDGER_TABLE] = "EPT tables",
	};
	bool clean = true;
	int i;

	for (i = 0; i < LEDGER_NR; i++) {
		long left = atomic_long_read(&ledger[i]);

		if (WARN(left, "posada: %ld %s left at unload\n", left, names[i]))
			clean = false;
	}
	if (clean)
		pr_info("posada: unloaded, nothing left\n");
}

static int __init posada_init(void)
{
	int err;

	err = cpus_init();
	if (err)
		return err;
	err = mitigate_init();
	if (err)
		goto out_exit_cpu;
	err = vcpu_init();
	if (err)
		goto out_exit_mitigate;
	err = misc_register(&device);
	if (err)
		goto out_exit_vcpu;
	pr_info("posada: VMX proved on %u CPUs, %s\n", num_online_cpus(), cpu_way_name());
	return 0;

out_exit_vcpu:
	vcpu_exit();
out_exit_mitigate:
	mitigate_exit();
out_exit_cpu:
	cpus_exit();
	return err;
}

static void __exit posada_exit(void)
{
	misc_deregister(&device);
	vcpu_exit();
	mitigate_exit();
	cpus_exit();
	check_ledger();
}

module_init(posada_init);
module_exit(posada_exit);
MODULE_DESCRIPTION("Run guests with Intel VMX");
MODULE_AUTHOR("The posada authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
