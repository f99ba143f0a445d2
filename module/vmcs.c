// SPDX-License-Identifier: GPL-2.0
#include "vmcs.h"

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/cpu_entry_area.h>
#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/processor.h>
#include <asm/special_insns.h>

#include "compat.h"
#include "cpu.h"
#include "vmx_ops.h"

void vmcs_write_failed(unsigned long field, u64 value)
{
	WARN_ONCE(1, "posada: VMWRITE of %#lx to field %#llx failed\n",
		  (unsigned long)value, (u64)field);
}

int vmcs_create(struct posada_vmcs *vmcs)
{
	vmcs->region = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vmcs->region)
		return -ENOMEM;
	*(u32 *)vmcs->region = vmx_caps.revision;	/* SDM 3C 25.2 */
	vmcs->pa = __pa(vmcs->region);
	vmcs->cpu = -1;
	vmcs->host_cpu = -1;
	vmcs->launched = false;
	/* Not yet in the VMCS, whatever the first values are. */
	vmcs->host_rsp = ~0UL;
	vmcs->host_cr3 = ~0UL;
	vmcs->host_cr4 = ~0UL;
	vmcs->host_fs_base = ~0UL;
	INIT_LIST_HEAD(&vmcs->link);
	return 0;
}

void vmcs_destroy(struct posada_vmcs *vmcs)
{
	cpu_forget(vmcs);
	free_page((unsigned long)vmcs->region);
}

void vmcs_host_init(struct posada_vmcs *vmcs, void (*landing)(void))
{
	u64 value;

	vmcs_write(HOST_RIP, (unsigned long)landing);
	vmcs_write(HOST_CR0, native_read_cr0());
	vmcs_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write(HOST_DS_SELECTOR, 0);
	vmcs_write(HOST_ES_SELECTOR, 0);
	vmcs_write(HOST_FS_SELECTOR, 0);
	vmcs_write(HOST_GS_SELECTOR, 0);
	vmcs_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);

	rdmsrq(MSR_IA32_SYSENTER_CS, value);
	vmcs_write(HOST_IA32_SYSENTER_CS, value);
	rdmsrq(MSR_IA32_SYSENTER_EIP, value);
	vmcs_write(HOST_IA32_SYSENTER_EIP, value);
	rdmsrq(MSR_EFER, value);
	vmcs_write(HOST_IA32_EFER, value);
	rdmsrq(MSR_IA32_CR_PAT, value);
	vmcs_write(HOST_IA32_PAT, value);
}

void vmcs_host_cpu(struct posada_vmcs *vmcs)
{
	struct desc_ptr gdt, idt;
	u64 value;

	native_store_gdt(&gdt);
	store_idt(&idt);
	vmcs_write(HOST_GDTR_BASE, gdt.address);
	vmcs_write(HOST_IDTR_BASE, idt.address);
	vmcs_write(HOST_TR_BASE, (unsigned long)
		   &get_cpu_entry_area(smp_processor_id())->tss.x86_tss);
	rdmsrq(MSR_GS_BASE, value);
	vmcs_write(HOST_GS_BASE, value);
	rdmsrq(MSR_IA32_SYSENTER_ESP, value);
	vmcs_write(HOST_IA32_SYSENTER_ESP, value);
	vmcs->host_cpu = smp_processor_id();
}

static unsigned long fs_base(void)
{
	u64 value;

	if (boot_cpu_has(X86_FEATURE_FSGSBASE))
		return rdfsbase();
	rdmsrq(MSR_FS_BASE, value);
	return value;
}

/* A field that seldom changes: compare with what is in the VMCS. */
static __always_inline void update(unsigned long field, unsigned long *last,
				   unsigned long value)
{
	if (unlikely(*last != value)) {
		vmcs_write(field, value);
		*last = value;
	}
}

void vmcs_host_task(struct posada_vmcs *vmcs)
{
	update(HOST_CR3, &vmcs->host_cr3, __native_read_cr3());
	update(HOST_CR4, &vmcs->host_cr4, native_read_cr4());
	update(HOST_FS_BASE, &vmcs->host_fs_base, fs_base());
}
