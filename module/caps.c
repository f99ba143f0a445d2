// SPDX-License-Identifier: GPL-2.0
#include "caps.h"

#include <linux/kernel.h>
#include <asm/vmx.h>

/* IA32_VMX_BASIC and IA32_VMX_EPT_VPID_CAP bits, SDM 3D A.1 and A.10 */
#define BASIC_MEMTYPE(basic)	(((basic) >> 50) & 0xf)
#define BASIC_MEMTYPE_WB	6
#define BASIC_INOUT_INFO	(1ULL << 54)
#define MISC_TIMER_SHIFT	0x1f	/* SDM 3D A.6 */
#define EPT_CAP_WALK_4		(1ULL << 6)
#define EPT_CAP_WB		(1ULL << 14)
#define EPT_CAP_2M		(1ULL << 16)
#define EPT_CAP_1G		(1ULL << 17)
#define EPT_CAP_INVEPT		(1ULL << 20)
#define EPT_CAP_INVEPT_SINGLE	(1ULL << 25)
#define EPT_CAP_INVEPT_ALL	(1ULL << 26)
#define EPT_CAP_INVVPID		(1ULL << 32)
#define EPT_CAP_INVVPID_SINGLE	(1ULL << 41)
#define EPT_CAP_INVVPID_ALL	(1ULL << 42)

/* One control word: 32 bits that must be 1, 32 that may be 1, and our wishes. */
struct control {
	const char *need_name;	/* what to say if @need cannot be had */
	u64 msr;
	u32 need;
	u32 want;
	u32 never;		/* what must be able to be 0 */
};

static bool choose(const struct control *c, u32 *out)
{
	u32 must = (u32)c->msr;
	u32 may = (u32)(c->msr >> 32);

	*out = must | ((c->need | c->want) & may);
	return !(c->need & ~*out) && !(c->never & must);
}

const char *caps_choose(const struct vmx_msrs *m, struct vmx_caps *caps)
{
	const u64 ept_need = EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_INVEPT |
			     EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL;
	const u64 vpid_need = EPT_CAP_INVVPID | EPT_CAP_INVVPID_SINGLE |
			      EPT_CAP_INVVPID_ALL;
	const struct {
		struct control c;
		u32 *out;
	} words[] = {
		{ { "interrupt exiting, NMI exiting and virtual NMIs", m->pin,
		    PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |
		    PIN_BASED_VIRTUAL_NMIS,
		    PIN_BASED_VMX_PREEMPTION_TIMER,
		    PIN_BASED_POSTED_INTR }, &caps->pin },
		{ { "the processor-based controls of a 64-bit CPU", m->cpu,
		    CPU_BASED_HLT_EXITING | CPU_BASED_TPR_SHADOW |
		    CPU_BASED_MOV_DR_EXITING | CPU_BASED_UNCOND_IO_EXITING |
		    CPU_BASED_USE_MSR_BITMAPS | CPU_BASED_USE_TSC_OFFSETTING |
		    CPU_BASED_MWAIT_EXITING | CPU_BASED_MONITOR_EXITING |
		    CPU_BASED_RDPMC_EXITING | CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
		    0,
		    CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING |
		    CPU_BASED_INVLPG_EXITING | CPU_BASED_RDTSC_EXITING |
		    CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING },
		  &caps->cpu },
		{ { "EPT and unrestricted guest", m->cpu2,
		    SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_UNRESTRICTED_GUEST |
		    SECONDARY_EXEC_WBINVD_EXITING,
		    SECONDARY_EXEC_ENABLE_VPID | SECONDARY_EXEC_ENABLE_RDTSCP |
		    SECONDARY_EXEC_ENABLE_INVPCID | SECONDARY_EXEC_ENCLS_EXITING,
		    0 }, &caps->cpu2 },
		{ { "saving and loading of EFER and PAT at VM exit", m->exit,
		    VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_SAVE_DEBUG_CONTROLS |
		    VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER |
		    VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT,
		    VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL,
		    VM_EXIT_ACK_INTR_ON_EXIT }, &caps->exit },
		{ { "loading of EFER and PAT at VM entry", m->entry,
		    VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_EFER |
		    VM_ENTRY_LOAD_IA32_PAT,
		    VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
		    VM_ENTRY_IA32E_MODE | VM_ENTRY_SMM }, &caps->entry },
	};
	const u32 windows = CPU_BASED_INTR_WINDOW_EXITING |
			    CPU_BASED_NMI_WINDOW_EXITING;
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!choose(&words[i].c, words[i].out))
			return words[i].c.need_name;
	if (windows & ~(u32)(m->cpu >> 32))
		return "interrupt-window and NMI-window exiting";
	if ((m->ept_vpid & ept_need) != ept_need)
		return "EPT with four levels, write-back and INVEPT";
	if (BASIC_MEMTYPE(m->basic) != BASIC_MEMTYPE_WB)
		return "a VMCS in write-back memory";
	if (!(m->basic & BASIC_INOUT_INFO))
		return "instruction information for INS and OUTS (VMX_BASIC[54])";

	caps->revision = m->basic & 0x7fffffff;
	caps->cpu_may = m->cpu >> 32;
	caps->cpu2_may = m->cpu2 >> 32;
	caps->cr0_fixed0 = m->cr0_fixed0 & ~0x80000001ULL;
	caps->cr4_fixed0 = m->cr4_fixed0;
	caps->timer_shift = m->misc & MISC_TIMER_SHIFT;
	if ((m->ept_vpid & vpid_need) != vpid_need)
		caps->cpu2 &= ~SECONDARY_EXEC_ENABLE_VPID;
	/* Both ends or none: the host's counters must come back. */
	caps->perf_global = (caps->exit & VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL) &&
			    (caps->entry & VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL);
	if (!caps->perf_global) {
		caps->exit &= ~VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL;
		caps->entry &= ~VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL;
	}
	caps->vpid = caps->cpu2 & SECONDARY_EXEC_ENABLE_VPID;
	caps->rdtscp = caps->cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP;
	caps->invpcid = caps->cpu2 & SECONDARY_EXEC_ENABLE_INVPCID;
	caps->timer = caps->pin & PIN_BASED_VMX_PREEMPTION_TIMER;
	caps->ept_2m = m->ept_vpid & EPT_CAP_2M;
	caps->ept_1g = m->ept_vpid & EPT_CAP_1G;
	return NULL;
}
