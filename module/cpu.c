// SPDX-License-Identifier: GPL-2.0
#include "cpu.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/special_insns.h>
#include <linux/posada.h>

#include "compat.h"
#include "entry_check.h"
#include "vmcs.h"
#include "vmx_ops.h"

/* What a CPU knows; touched on that CPU only, interrupts or preemption off. */
struct vmx_cpu {
	void *region;			/* VMXON region */
	struct list_head active;	/* resident: VMCSs active here */
	bool on;			/* resident: in VMX operation */
};

struct vmx_caps vmx_caps;
bool cpu_resident;
DEFINE_PER_CPU(struct posada_vmcs *, cpu_current);

static DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);
static DEFINE_MUTEX(users_lock);	/* taken inside cpus_read_lock() */
static unsigned int users;		/* VMs, under users_lock */
static bool rebooting;			/* VMX stays off from now on; likewise */
static int hotplug_state = -1;

static char *vmx = "auto";
module_param(vmx, charp, 0444);
MODULE_PARM_DESC(vmx, "how VMX is turned on: auto, resident (on every CPU while a VM exists), window (around each stay in a guest)");

/* Beside the CR4 shadow: only with interrupts off, and undone before they are on. */
static __always_inline void write_cr4_raw(unsigned long value)
{
	asm volatile("mov %0, %%cr4" : : "r" (value) : "memory");
}

/* Cached translations of an earlier user of VMX survive VMXOFF (SDM 3C 29.4.3.4). */
static void flush_all(void)
{
	vmx_invept(INVALIDATE_ALL, 0);
	if (vmx_caps.vpid)
		vmx_invvpid(INVALIDATE_ALL, 0);
}

/* ---- window --------------------------------------------------------------- */

static int window_open(void)
{
	unsigned long cr4 = native_read_cr4();

	if (cr4 & X86_CR4_VMXE)
		return -EBUSY;
	write_cr4_raw(cr4 | X86_CR4_VMXE);
	if (vmx_on(__pa(this_cpu_ptr(&vmx_cpu)->region))) {
		write_cr4_raw(cr4);
		return -EIO;
	}
	return 0;
}

static void window_close(void)
{
	vmx_off();
	write_cr4_raw(native_read_cr4() & ~X86_CR4_VMXE);
}

/* ---- resident -------------------------------------------------------------- */

static int resident_on(void)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);

	if (cpu->on)
		return 0;
	if (native_read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	compat_vmxe_set();
	if (vmx_on(__pa(cpu->region))) {
		compat_vmxe_clear();
		return -EIO;
	}
	this_cpu_write(cpu_current, NULL);
	cpu->on = true;
	flush_all();
	return 0;
}

/* VMCLEAR, so that the region in memory is whole and can move (SDM 3C 25.11.3). */
static void deactivate(struct posada_vmcs *vmcs)
{
	vmx_clear(vmcs->pa);
	if (this_cpu_read(cpu_current) == vmcs)
		this_cpu_write(cpu_current, NULL);
	list_del_init(&vmcs->link);
	vmcs->launched = false;
	/* Read by cpu_load() on another CPU, which then owns the VMCS. */
	smp_store_release(&vmcs->cpu, -1);
}

static void resident_off(void)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	struct posada_vmcs *vmcs, *next;

	if (!cpu->on)
		return;
	list_for_each_entry_safe(vmcs, next, &cpu->active, link)
		deactivate(vmcs);
	cpu->on = false;
	vmx_off();
	compat_vmxe_clear();
}

static void on_here(void *result)
{
	int err = resident_on();

	if (err)
		WRITE_ONCE(*(int *)result, err);
}

static void off_here(void *unused)
{
	resident_off();
}

static void deactivate_here(void *vmcs)
{
	if (((struct posada_vmcs *)vmcs)->cpu == smp_processor_id())
		deactivate(vmcs);
}

/* A CPU comes or goes.  users cannot change: cpu_acquire() holds cpus_read_lock(). */
static int cpu_online_hook(unsigned int cpu)
{
	unsigned long flags;
	int err = 0;

	if (!cpu_resident || !users || rebooting)
		return 0;
	local_irq_save(flags);
	err = resident_on();
	local_irq_restore(flags);
	if (err)
		pr_warn("posada: VMX cannot be turned on for CPU %u: %d; it stays offline while VMs exist\n",
			cpu, err);
	return err;
}

static int cpu_offline_hook(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	resident_off();
	local_irq_restore(flags);
	return 0;
}

/* One CPU left, interrupts off: the others went by cpu_offline_hook(). */
static int suspend_hook(void)
{
	resident_off();
	return 0;
}

static void resume_hook(void)
{
	if (cpu_resident && users && resident_on())
		pr_err("posada: VMX cannot be turned on after resume; no guest will run\n");
}

static struct syscore_ops syscore_ops = {
	.suspend = suspend_hook,
	.resume = resume_hook,
};

/* VMX operation blocks INIT, with which the next kernel starts its CPUs. */
static int reboot_hook(struct notifier_block *nb, unsigned long event, void *unused)
{
	cpus_read_lock();
	mutex_lock(&users_lock);
	rebooting = true;
	on_each_cpu(off_here, NULL, 1);
	mutex_unlock(&users_lock);
	cpus_read_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = reboot_hook,
};

/* ---- the interface ---------------------------------------------------------- */

int cpu_acquire(void)
{
	int err = 0;

	if (!cpu_resident) {
		if (cpu_holder() == POSADA_HOLDER_OTHER)
			return -EBUSY;
		mutex_lock(&users_lock);
		users++;
		mutex_unlock(&users_lock);
		return 0;
	}

	cpus_read_lock();
	mutex_lock(&users_lock);
	if (rebooting) {
		err = -EBUSY;
	} else if (!users) {
		on_each_cpu(on_here, &err, 1);
		if (err)
			on_each_cpu(off_here, NULL, 1);
	}
	if (!err)
		users++;
	mutex_unlock(&users_lock);
	cpus_read_unlock();
	return err;
}

void cpu_release(void)
{
	cpus_read_lock();
	mutex_lock(&users_lock);
	if (!--users && cpu_resident)
		on_each_cpu(off_here, NULL, 1);
	mutex_unlock(&users_lock);
	cpus_read_unlock();
}

/* Resident: the VMCS was active elsewhere, or another one is current here. */
int cpu_load_slow(struct posada_vmcs *vmcs)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	int was = smp_load_acquire(&vmcs->cpu);	/* pairs with deactivate() */
	int here = smp_processor_id();
	unsigned long flags;

	if (was >= 0 && was != here)
		/* If that CPU went away, it deactivated the VMCS itself. */
		smp_call_function_single(was, deactivate_here, vmcs, 1);

	local_irq_save(flags);
	if (!cpu->on) {
		local_irq_restore(flags);
		/* Going down, and this thread will be moved; or rebooting. */
		return cpu_active(here) ? -EBUSY : -EAGAIN;
	}
	if (vmcs->cpu != here) {
		vmx_clear(vmcs->pa);
		vmcs->launched = false;
		vmcs->cpu = here;
		list_add(&vmcs->link, &cpu->active);
	}
	if (vmx_ptrld(vmcs->pa)) {
		local_irq_restore(flags);
		return -EIO;
	}
	this_cpu_write(cpu_current, vmcs);
	local_irq_restore(flags);
	return 0;
}

int cpu_open_window(struct posada_vmcs *vmcs)
{
	int err = window_open();

	if (err)
		return err;
	if (vmx_clear(vmcs->pa) || vmx_ptrld(vmcs->pa)) {
		window_close();
		return -EIO;
	}
	vmcs->launched = false;
	return 0;
}

void cpu_close_window(struct posada_vmcs *vmcs)
{
	vmx_clear(vmcs->pa);
	vmcs->launched = false;
	window_close();
}

void cpu_forget(struct posada_vmcs *vmcs)
{
	int cpu = smp_load_acquire(&vmcs->cpu);	/* pairs with deactivate() */

	if (cpu >= 0)
		smp_call_function_single(cpu, deactivate_here, vmcs, 1);
}

static void count_foreign(void *count)
{
	if ((native_read_cr4() & X86_CR4_VMXE) && !this_cpu_ptr(&vmx_cpu)->on)
		atomic_inc(count);
}

u32 cpu_holder(void)
{
	atomic_t foreign = ATOMIC_INIT(0);

	on_each_cpu(count_foreign, &foreign, 1);
	if (atomic_read(&foreign))
		return POSADA_HOLDER_OTHER;
	return cpu_resident && READ_ONCE(users) ? POSADA_HOLDER_POSADA : POSADA_HOLDER_NONE;
}

u32 cpu_way(void)
{
	if (cpu_holder() == POSADA_HOLDER_OTHER)
		return POSADA_WAY_NONE;
	return cpu_resident ? POSADA_WAY_RESIDENT : POSADA_WAY_WINDOW;
}

const char *cpu_way_name(void)
{
	return cpu_resident ? "resident" : "window";
}

u64 cpu_features(void)
{
	return (COMPAT_RESIDENT ? POSADA_FEATURE_RESIDENT : 0) | POSADA_FEATURE_WINDOW;
}

/* ---- probing ---------------------------------------------------------------- */

static u64 msr(u32 index)
{
	u64 value = 0;

	rdmsrq_safe(index, &value);
	return value;
}

static void read_msrs(struct vmx_msrs *m)
{
	bool true_controls;

	m->basic = msr(MSR_IA32_VMX_BASIC);
	true_controls = m->basic & (1ULL << 55);
	m->pin = msr(true_controls ? MSR_IA32_VMX_TRUE_PINBASED_CTLS :
				     MSR_IA32_VMX_PINBASED_CTLS);
	m->cpu = msr(true_controls ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS :
				     MSR_IA32_VMX_PROCBASED_CTLS);
	m->exit = msr(true_controls ? MSR_IA32_VMX_TRUE_EXIT_CTLS :
				      MSR_IA32_VMX_EXIT_CTLS);
	m->entry = msr(true_controls ? MSR_IA32_VMX_TRUE_ENTRY_CTLS :
				       MSR_IA32_VMX_ENTRY_CTLS);
	m->misc = msr(MSR_IA32_VMX_MISC);
	m->cr0_fixed0 = msr(MSR_IA32_VMX_CR0_FIXED0);
	m->cr0_fixed1 = msr(MSR_IA32_VMX_CR0_FIXED1);
	m->cr4_fixed0 = msr(MSR_IA32_VMX_CR4_FIXED0);
	m->cr4_fixed1 = msr(MSR_IA32_VMX_CR4_FIXED1);
	m->cpu2 = 0;
	m->ept_vpid = 0;
	if ((m->cpu >> 32) & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		m->cpu2 = msr(MSR_IA32_VMX_PROCBASED_CTLS2);
	if ((m->cpu2 >> 32) & (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_VPID))
		m->ept_vpid = msr(MSR_IA32_VMX_EPT_VPID_CAP);
}

/* Bits of IA32_DEBUGCTL that some CPU has (SDM 4 table 2-2) */
#define DEBUGCTL_COMMON	0x7fc3
#define DEBUGCTL_BLD	(1ULL << 2)
#define DEBUGCTL_RTM	(1ULL << 15)

#define FEATURE_7B_SGX	(1U << 2)
#define FEATURE_7B_RTM	(1U << 11)
#define FEATURE_7C_BLD	(1U << 24)

/* IA32_PERF_GLOBAL_CTRL by CPUID leaf 0AH (SDM 3B 20.2.2) */
static u64 perf_global_bits(void)
{
	u32 eax, ebx, ecx, edx;
	u64 bits;

	if (cpuid_eax(0) < 10)
		return ENTRY_UNKNOWN;
	cpuid(10, &eax, &ebx, &ecx, &edx);
	if ((eax & 0xff) < 2)
		return ENTRY_UNKNOWN;
	bits = (1ULL << (eax >> 8 & 0x1f)) - 1;
	bits |= ((1ULL << (edx & 0x1f)) - 1) << 32;
	if (boot_cpu_has(X86_FEATURE_PDCM) && (msr(MSR_IA32_PERF_CAPABILITIES) & (1ULL << 15)))
		bits |= 1ULL << 48;	/* performance metrics */
	return bits;
}

void cpu_facts(struct entry_cpu *f)
{
	u32 eax, ebx = 0, ecx = 0, edx;
	u32 widths = cpuid_eax(0x80000008);

	memset(f, 0, sizeof(*f));
	read_msrs(&f->msrs);
	if (f->msrs.cpu2 >> 32 & SECONDARY_EXEC_ENABLE_VMFUNC)
		f->vmfunc = msr(MSR_IA32_VMX_VMFUNC);
	if (f->msrs.cpu >> 32 & (1U << 17))
		f->cpu3 = msr(0x492);	/* IA32_VMX_PROCBASED_CTLS3, which 6.1 may not name */
	if (f->msrs.exit >> 32 & (1U << 31))
		f->exit2 = msr(0x493);	/* IA32_VMX_EXIT_CTLS2 */
	if (cpuid_eax(0) >= 7)
		cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
	f->efer = msr(MSR_EFER);
	f->phys_bits = widths & 0xff;
	f->linear_bits = widths >> 8 & 0xff;
	f->efer_may = EFER_SCE | EFER_LME | EFER_LMA |
		      (cpuid_edx(0x80000001) & (1U << 20) ? EFER_NX : 0);
	f->debugctl_may = DEBUGCTL_COMMON | (ecx & FEATURE_7C_BLD ? DEBUGCTL_BLD : 0) |
			  (ebx & FEATURE_7B_RTM ? DEBUGCTL_RTM : 0);
	f->perf_global_may = perf_global_bits();
	f->features = ENTRY_CPU_64 | (ebx & FEATURE_7B_SGX ? ENTRY_CPU_SGX : 0) |
		      (ebx & FEATURE_7B_RTM ? ENTRY_CPU_RTM : 0) |
		      (ecx & FEATURE_7C_BLD ? ENTRY_CPU_BLD : 0);
	f->vmcs_address = ENTRY_UNKNOWN;
	f->vtpr = ENTRY_UNKNOWN;
}

/* A hypervisor below may offer a control without the MSR it is about. */
static const char *check_msrs(void)
{
	u64 value;

	vmx_caps.debugctl = !rdmsrq_safe(MSR_IA32_DEBUGCTLMSR, &value);
	if (vmx_caps.perf_global && rdmsrq_safe(MSR_CORE_PERF_GLOBAL_CTRL, &value)) {
		vmx_caps.perf_global = false;
		vmx_caps.exit &= ~VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL;
		vmx_caps.entry &= ~VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL;
	}
	if (vmx_caps.rdtscp && rdmsrq_safe(MSR_TSC_AUX, &value)) {
		vmx_caps.rdtscp = false;
		vmx_caps.cpu2 &= ~SECONDARY_EXEC_ENABLE_RDTSCP;
	}
	return NULL;
}

static const char *probe(void)
{
	struct vmx_msrs msrs;
	u64 feature_control;

	if (!boot_cpu_has(X86_FEATURE_VMX))
		return "the CPU has no VMX, or the firmware disabled it (CPUID.1:ECX.VMX)";
	feature_control = msr(MSR_IA32_FEAT_CTL);
	if (!(feature_control & FEAT_CTL_LOCKED))
		return "IA32_FEATURE_CONTROL is not locked: the firmware left VMX disabled";
	if (!(feature_control & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return "the firmware disabled VMX and locked it (IA32_FEATURE_CONTROL)";
#ifdef CONFIG_X86_FRED
	/* An NMI that arrives as a VM exit is handed on by INT 2, which is none there. */
	if (boot_cpu_has(X86_FEATURE_FRED))
		return "the kernel uses FRED: boot with fred=off";
#endif
	read_msrs(&msrs);
	return caps_choose(&msrs, &vmx_caps) ? : check_msrs();
}

struct proof {
	atomic_t held;
	atomic_t failed;
};

static void prove_here(void *arg)
{
	struct proof *proof = arg;
	int err = window_open();

	if (!err) {
		flush_all();
		window_close();
	} else if (err == -EBUSY) {
		atomic_inc(&proof->held);
	} else {
		atomic_inc(&proof->failed);
	}
}

static void free_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		free_page((unsigned long)per_cpu(vmx_cpu, cpu).region);
}

static int alloc_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *c = per_cpu_ptr(&vmx_cpu, cpu);

		INIT_LIST_HEAD(&c->active);
		c->region = (void *)get_zeroed_page(GFP_KERNEL);
		if (!c->region) {
			free_regions();
			return -ENOMEM;
		}
		*(u32 *)c->region = vmx_caps.revision;	/* SDM 3C 25.11.5 */
	}
	return 0;
}

/* Tracing by Intel PT cannot go on in VMX operation (SDM 3C 33.5): do not stay. */
static bool pt_without_vmx(void)
{
	return boot_cpu_has(X86_FEATURE_INTEL_PT) && !(msr(MSR_IA32_VMX_MISC) & (1ULL << 14));
}

static int choose_way(void)
{
	if (!strcmp(vmx, "window"))
		cpu_resident = false;
	else if (!strcmp(vmx, "auto"))
		cpu_resident = COMPAT_RESIDENT_DEFAULT && !pt_without_vmx();
	else if (!strcmp(vmx, "resident") && COMPAT_RESIDENT)
		cpu_resident = true;
	else
		return -EINVAL;
	return 0;
}

int cpus_init(void)
{
	struct proof proof = { ATOMIC_INIT(0), ATOMIC_INIT(0) };
	const char *missing = probe();
	int err;

	if (missing) {
		pr_err("posada: VMX cannot be used: missing: %s\n", missing);
		return -ENODEV;
	}
	err = choose_way();
	if (err) {
		pr_err("posada: parameter vmx=%s: not auto, window%s\n", vmx,
		       COMPAT_RESIDENT ? " or resident" : " (resident needs a kernel before 6.18)");
		return err;
	}
	err = alloc_regions();
	if (err)
		return err;

	on_each_cpu(prove_here, &proof, 1);
	if (atomic_read(&proof.failed)) {
		pr_err("posada: VMX cannot be used: VMXON fails on %d of %u CPUs\n",
		       atomic_read(&proof.failed), num_online_cpus());
		err = -ENODEV;
		goto out_free_regions;
	}
	if (atomic_read(&proof.held))
		pr_warn("posada: another hypervisor holds VMX on %d CPUs: no VM can be made until it lets go\n",
			atomic_read(&proof.held));

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "virt/posada:online",
					cpu_online_hook, cpu_offline_hook);
	if (err < 0)
		goto out_free_regions;
	hotplug_state = err;
	register_syscore_ops(&syscore_ops);
	register_reboot_notifier(&reboot_notifier);
	return 0;

out_free_regions:
	free_regions();
	return err;
}

void cpus_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
	unregister_syscore_ops(&syscore_ops);
	cpuhp_remove_state_nocalls(hotplug_state);
	free_regions();
}
