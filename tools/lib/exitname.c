// SPDX-License-Identifier: GPL-2.0
/* Names of exits, for people. */
#include "exitname.h"

#include <stddef.h>

#include <linux/posada.h>

/* SDM 3C appendix C, table C-1 */
static const char *const reasons[] = {
	[0] = "exception or NMI",
	[1] = "external interrupt",
	[2] = "triple fault",
	[3] = "INIT signal",
	[4] = "start-up IPI",
	[5] = "I/O SMI",
	[6] = "other SMI",
	[7] = "interrupt window",
	[8] = "NMI window",
	[9] = "task switch",
	[10] = "CPUID",
	[11] = "GETSEC",
	[12] = "HLT",
	[13] = "INVD",
	[14] = "INVLPG",
	[15] = "RDPMC",
	[16] = "RDTSC",
	[17] = "RSM",
	[18] = "VMCALL",
	[19] = "VMCLEAR",
	[20] = "VMLAUNCH",
	[21] = "VMPTRLD",
	[22] = "VMPTRST",
	[23] = "VMREAD",
	[24] = "VMRESUME",
	[25] = "VMWRITE",
	[26] = "VMXOFF",
	[27] = "VMXON",
	[28] = "control register",
	[29] = "debug register",
	[30] = "I/O instruction",
	[31] = "RDMSR",
	[32] = "WRMSR",
	[33] = "entry failure, guest state",
	[34] = "entry failure, MSR loading",
	[36] = "MWAIT",
	[37] = "monitor trap flag",
	[39] = "MONITOR",
	[40] = "PAUSE",
	[41] = "entry failure, machine check",
	[43] = "TPR below threshold",
	[44] = "APIC access",
	[45] = "virtualized EOI",
	[46] = "GDTR or IDTR",
	[47] = "LDTR or TR",
	[48] = "EPT violation",
	[49] = "EPT misconfiguration",
	[50] = "INVEPT",
	[51] = "RDTSCP",
	[52] = "preemption timer",
	[53] = "INVVPID",
	[54] = "WBINVD",
	[55] = "XSETBV",
	[56] = "APIC write",
	[57] = "RDRAND",
	[58] = "INVPCID",
	[59] = "VMFUNC",
	[60] = "ENCLS",
	[61] = "RDSEED",
	[62] = "page-modification log full",
	[63] = "XSAVES",
	[64] = "XRSTORS",
	[65] = "PCONFIG",
	[66] = "sub-page permission",
	[67] = "UMWAIT",
	[68] = "TPAUSE",
	[69] = "LOADIWKEY",
	[70] = "ENCLV",
	[72] = "ENQCMD PASID",
	[73] = "ENQCMDS PASID",
	[74] = "bus lock",
	[75] = "notification window",
	[76] = "SEAMCALL",
	[77] = "TDCALL",
	[78] = "RDMSRLIST",
	[79] = "WRMSRLIST",
};

static const char *const exits[] = {
	[POSADA_EXIT_NONE] = "none",
	[POSADA_EXIT_KICK] = "kick",
	[POSADA_EXIT_IO] = "port I/O",
	[POSADA_EXIT_MMIO] = "MMIO",
	[POSADA_EXIT_RDMSR] = "RDMSR",
	[POSADA_EXIT_WRMSR] = "WRMSR",
	[POSADA_EXIT_HLT] = "HLT",
	[POSADA_EXIT_HYPERCALL] = "hypercall",
	[POSADA_EXIT_SHUTDOWN] = "triple fault",
	[POSADA_EXIT_FAILED] = "failed entry",
	[POSADA_EXIT_UNKNOWN] = "unknown exit",
	[POSADA_EXIT_MEMORY] = "memory the host cannot serve",
	[POSADA_EXIT_TASK_SWITCH] = "task switch",
	[POSADA_EXIT_TRAP] = "trap policy: user",
	[POSADA_EXIT_TERMINATED] = "trap policy: terminate",
	[POSADA_EXIT_DEBUG] = "debugging",
};

/* SDM 3C 31.4, table 31-1 */
static const char *const entry_errors[] = {
	[1] = "VMCALL executed in VMX root operation",
	[2] = "VMCLEAR with invalid physical address",
	[3] = "VMCLEAR with VMXON pointer",
	[4] = "VMLAUNCH with non-clear VMCS",
	[5] = "VMRESUME with non-launched VMCS",
	[6] = "VMRESUME after VMXOFF",
	[7] = "VM entry with invalid control fields",
	[8] = "VM entry with invalid host-state fields",
	[9] = "VMPTRLD with invalid physical address",
	[10] = "VMPTRLD with VMXON pointer",
	[11] = "VMPTRLD with incorrect VMCS revision identifier",
	[12] = "VMREAD or VMWRITE of an unsupported VMCS component",
	[13] = "VMWRITE to a read-only VMCS component",
	[15] = "VMXON executed in VMX root operation",
	[16] = "VM entry with invalid executive-VMCS pointer",
	[17] = "VM entry with non-launched executive VMCS",
	[18] = "VM entry with executive-VMCS pointer not VMXON pointer",
	[19] = "VMCALL with non-clear VMCS",
	[20] = "VMCALL with invalid VM-exit control fields",
	[22] = "VMCALL with incorrect MSEG revision identifier",
	[23] = "VMXOFF under dual-monitor treatment of SMIs and SMM",
	[24] = "VMCALL with invalid SMM-monitor features",
	[25] = "VM entry with invalid VM-execution control fields in executive VMCS",
	[26] = "VM entry with events blocked by MOV SS",
	[28] = "invalid operand to INVEPT or INVVPID",
};

static const char *name(const char *const *names, size_t nr, uint32_t number)
{
	return number < nr && names[number] ? names[number] : "reserved";
}

#define NAME(names, number) name(names, sizeof(names) / sizeof((names)[0]), number)

const char *exit_reason_name(uint32_t reason)
{
	return NAME(reasons, reason);
}

const char *posada_exit_name(uint32_t reason)
{
	return NAME(exits, reason);
}

const char *entry_error_name(uint32_t error)
{
	return NAME(entry_errors, error);
}
