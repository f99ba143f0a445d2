// SPDX-License-Identifier: GPL-2.0
/*
 * What must not be tried although the rules allow it: a host state that enter.S cannot
 * put right, which an entry that fails on the guest state loads as well; a guest that
 * could execute something, or sleep for ever, or memory that the CPU would write to.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "fuzz.h"

/* Bits of the host's that may be wrong until enter.S has put them right. */
#define CR0_FREE (X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_WP | X86_CR0_AM)
#define CR4_FREE                                                                              \
	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_MCE |   \
	 X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE | \
	 X86_CR4_OSXSAVE | X86_CR4_SMEP | X86_CR4_SMAP)

/* What an entry or an exit loads beyond these is not put back. */
#define EXIT_KNOWN                                                                  \
	(VM_EXIT_ALWAYSON_WITHOUT_TRUE_MSR | VM_EXIT_SAVE_DEBUG_CONTROLS |          \
	 VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL |        \
	 VM_EXIT_ACK_INTR_ON_EXIT | VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT | \
	 VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER | VM_EXIT_SAVE_VMX_PREEMPTION_TIMER)
#define ENTRY_KNOWN                                                                                \
	(VM_ENTRY_ALWAYSON_WITHOUT_TRUE_MSR | VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_IA32E_MODE | \
	 VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL | VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER)

/* Ticks of the preemption timer that a sleeping guest may take. */
#define LONGEST_SLEEP 1000

#define MSRS_IN_PAGE  256

static const char *host_harm(const u64 *v, const u64 *was)
{
	if (v[VMCS_HOST_RIP] != was[VMCS_HOST_RIP] || v[VMCS_HOST_CR3] != was[VMCS_HOST_CR3])
		return "the host's RIP or CR3 is another";
	if ((v[VMCS_HOST_CR0] ^ was[VMCS_HOST_CR0]) & ~CR0_FREE)
		return "the host's CR0 is another";
	if ((v[VMCS_HOST_CR4] ^ was[VMCS_HOST_CR4]) & ~CR4_FREE)
		return "the host's CR4 is another";
	if (!(v[VMCS_VM_EXIT_CONTROLS] & VM_EXIT_HOST_ADDR_SPACE_SIZE))
		return "the host is not 64-bit";
	if ((v[VMCS_HOST_IA32_EFER] ^ was[VMCS_HOST_IA32_EFER]) & ~EFER_SCE)
		return "the host's EFER is another";
	if (!(v[VMCS_VM_EXIT_CONTROLS] & VM_EXIT_LOAD_IA32_EFER) &&
	    (v[VMCS_VM_ENTRY_CONTROLS] & VM_ENTRY_LOAD_IA32_EFER) &&
	    (v[VMCS_GUEST_IA32_EFER] ^ was[VMCS_HOST_IA32_EFER]) & EFER_NX)
		return "the guest's EFER.NXE stays";
	if (v[VMCS_VM_EXIT_CONTROLS] & ~EXIT_KNOWN || v[VMCS_VM_ENTRY_CONTROLS] & ~ENTRY_KNOWN)
		return "registers are loaded that are not put back";
	return NULL;
}

/* The host's interrupts stay pending until it can take them. */
static const char *interrupt_harm(const u64 *v)
{
	if (!(v[VMCS_PIN_BASED_VM_EXEC_CONTROL] & PIN_BASED_EXT_INTR_MASK) ||
	    v[VMCS_VM_EXIT_CONTROLS] & VM_EXIT_ACK_INTR_ON_EXIT)
		return "an interrupt of the host would be lost";
	return NULL;
}

static bool sleeps_for_ever(const u64 *v)
{
	if (!v[VMCS_GUEST_ACTIVITY_STATE])
		return false;
	return v[VMCS_GUEST_ACTIVITY_STATE] == GUEST_ACTIVITY_WAIT_SIPI ||
	       !(v[VMCS_PIN_BASED_VM_EXEC_CONTROL] & PIN_BASED_VMX_PREEMPTION_TIMER) ||
	       v[VMCS_VMX_PREEMPTION_TIMER_VALUE] > LONGEST_SLEEP;
}

static const char *execution_harm(const u64 *v)
{
	u64 cpu2 = v[VMCS_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS ?
			   v[VMCS_SECONDARY_VM_EXEC_CONTROL] :
			   0;

	if (sleeps_for_ever(v))
		return "the guest would sleep for ever";
	if (cpu2 & SECONDARY_EXEC_ENABLE_EPT)
		return (v[VMCS_EPT_POINTER] & PAGE_MASK) == host_page(PAGE_EPT) ?
			       NULL :
			       "the EPT is another";
	if ((v[VMCS_GUEST_CR3] & PAGE_MASK) != host_page(PAGE_ZERO) ||
	    v[VMCS_EXCEPTION_BITMAP] != 0xffffffff || v[VMCS_PAGE_FAULT_ERROR_CODE_MASK] ||
	    v[VMCS_PAGE_FAULT_ERROR_CODE_MATCH])
		return "no EPT, and the guest might find something to execute";
	return NULL;
}

static bool area_is_ours(const u64 *v, unsigned int address, unsigned int count)
{
	return !v[count] || (v[address] == host_page(PAGE_MSRS) && v[count] <= MSRS_IN_PAGE);
}

static const char *memory_harm(const u64 *v)
{
	if (!area_is_ours(v, VMCS_VM_EXIT_MSR_STORE_ADDR, VMCS_VM_EXIT_MSR_STORE_COUNT) ||
	    !area_is_ours(v, VMCS_VM_ENTRY_MSR_LOAD_ADDR, VMCS_VM_ENTRY_MSR_LOAD_COUNT))
		return "an MSR area is not ours";
	return NULL;
}

/* Read before the guest state is looked at, or with it. */
static const char *lookup_harm(const u64 *v)
{
	if (!area_is_ours(v, VMCS_VM_EXIT_MSR_LOAD_ADDR, VMCS_VM_EXIT_MSR_LOAD_COUNT))
		return "the MSRs to load at the exit are not ours";
	if (v[VMCS_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_TPR_SHADOW &&
	    v[VMCS_VIRTUAL_APIC_PAGE_ADDR] != host_page(PAGE_APIC))
		return "the virtual-APIC page is not ours";
	if (v[VMCS_VMCS_LINK_POINTER] != ~0ULL &&
	    v[VMCS_VMCS_LINK_POINTER] != host_page(PAGE_LINK) &&
	    v[VMCS_VMCS_LINK_POINTER] != host_page(PAGE_VMCS))
		return "the linked VMCS is not ours";
	return NULL;
}

const char *harm_of_exit(const struct vmcs_image *image, const struct vmcs_image *valid)
{
	return host_harm(image->value, valid->value) ?: lookup_harm(image->value);
}

const char *harm_of_entry(const struct vmcs_image *image)
{
	const u64 *v = image->value;

	return interrupt_harm(v) ?: execution_harm(v) ?: memory_harm(v);
}
