/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules of VM entry, in the order of SDM 3C 27.2 and 27.3, as one list.
 *
 * ENTRY_RULES(X) is X(name, stage, section, words).  Programs are told the position,
 * and may be older or newer than the module: add at the end, never remove.
 */
#ifndef POSADA_ENTRY_RULES_H
#define POSADA_ENTRY_RULES_H

#define ENTRY_RULES(X) \
	X(PIN_CONTROLS, CONTROLS, "27.2.1.1", \
	  "pin-based controls: bits set in the low half of the MSR must be 1, bits clear " \
	  "in its high half 0") \
	X(CPU_CONTROLS, CONTROLS, "27.2.1.1", \
	  "primary processor-based controls: bits set in the low half of the MSR must be " \
	  "1, bits clear in its high half 0") \
	X(CPU2_CONTROLS, CONTROLS, "27.2.1.1", \
	  "secondary processor-based controls: bits clear in the high half of the MSR " \
	  "must be 0") \
	X(CPU3_CONTROLS, CONTROLS, "27.2.1.1", \
	  "tertiary processor-based controls: bits clear in the MSR must be 0") \
	X(CR3_TARGETS, CONTROLS, "27.2.1.1", \
	  "the CR3-target count must be at most 4 (or what IA32_VMX_MISC[24:16] says)") \
	X(IO_BITMAP, CONTROLS, "27.2.1.1", \
	  "the address of an I/O bitmap must be page aligned, within the " \
	  "physical-address width") \
	X(MSR_BITMAP, CONTROLS, "27.2.1.1", \
	  "the address of the MSR bitmap must be page aligned, within the " \
	  "physical-address width") \
	X(VIRTUAL_APIC, CONTROLS, "27.2.1.1", \
	  "the virtual-APIC address must be page aligned, within the physical-address " \
	  "width") \
	X(TPR_THRESHOLD_BITS, CONTROLS, "27.2.1.1", \
	  "bits 31:4 of the TPR threshold must be 0") \
	X(TPR_THRESHOLD_VTPR, CONTROLS, "27.2.1.1", \
	  "the TPR threshold must not be above bits 7:4 of the virtual TPR") \
	X(VIRTUAL_NMIS, CONTROLS, "27.2.1.1", \
	  "virtual NMIs need NMI exiting") \
	X(NMI_WINDOW, CONTROLS, "27.2.1.1", \
	  "NMI-window exiting needs virtual NMIs") \
	X(APIC_ACCESS, CONTROLS, "27.2.1.1", \
	  "the APIC-access address must be page aligned, within the physical-address " \
	  "width") \
	X(NEEDS_TPR_SHADOW, CONTROLS, "27.2.1.1", \
	  "x2APIC mode, APIC-register virtualization, virtual-interrupt delivery and IPI " \
	  "virtualization need the TPR shadow") \
	X(X2APIC_OR_ACCESSES, CONTROLS, "27.2.1.1", \
	  "virtualize x2APIC mode and virtualize APIC accesses must not both be 1") \
	X(VIRTUAL_INTERRUPTS, CONTROLS, "27.2.1.1", \
	  "virtual-interrupt delivery needs external-interrupt exiting") \
	X(POSTED_CONTROLS, CONTROLS, "27.2.1.1", \
	  "posted interrupts need virtual-interrupt delivery and acknowledge interrupt " \
	  "on exit") \
	X(POSTED_VECTOR, CONTROLS, "27.2.1.1", \
	  "the posted-interrupt notification vector must be at most 255") \
	X(POSTED_DESCRIPTOR, CONTROLS, "27.2.1.1", \
	  "the posted-interrupt descriptor must be 64-byte aligned, within the " \
	  "physical-address width") \
	X(VPID, CONTROLS, "27.2.1.1", \
	  "with VPIDs enabled the VPID must not be 0") \
	X(EPTP_TYPE, CONTROLS, "27.2.1.1", \
	  "bits 2:0 of the EPT pointer must be a memory type the CPU supports: 0 (UC) or " \
	  "6 (WB)") \
	X(EPTP_WALK, CONTROLS, "27.2.1.1", \
	  "bits 5:3 of the EPT pointer must be a walk length the CPU supports, less 1: " \
	  "3, or 4 for five levels") \
	X(EPTP_AD, CONTROLS, "27.2.1.1", \
	  "bit 6 of the EPT pointer must be 0: the CPU has no accessed and dirty flags " \
	  "for EPT") \
	X(EPTP_RESERVED, CONTROLS, "27.2.1.1", \
	  "bits 11:7 of the EPT pointer and those beyond the physical-address width must " \
	  "be 0 (bit 7 may be 1 with IA32_VMX_EPT_VPID_CAP[23])") \
	X(PML_NEEDS_EPT, CONTROLS, "27.2.1.1", \
	  "page-modification logging needs EPT") \
	X(PML_ADDRESS, CONTROLS, "27.2.1.1", \
	  "the PML address must be page aligned, within the physical-address width") \
	X(UNRESTRICTED_NEEDS_EPT, CONTROLS, "27.2.1.1", \
	  "unrestricted guest and mode-based execute control need EPT") \
	X(SPP_NEEDS_EPT, CONTROLS, "27.2.1.1", \
	  "sub-page write permissions need EPT") \
	X(SPP_ADDRESS, CONTROLS, "27.2.1.1", \
	  "the sub-page-permission-table pointer must be page aligned, within the " \
	  "physical-address width") \
	X(VMFUNC_CONTROLS, CONTROLS, "27.2.1.1", \
	  "VM-function controls: bits clear in the MSR must be 0") \
	X(EPTP_SWITCHING_NEEDS_EPT, CONTROLS, "27.2.1.1", \
	  "EPTP switching needs EPT") \
	X(EPTP_LIST, CONTROLS, "27.2.1.1", \
	  "the EPTP-list address must be page aligned, within the physical-address width") \
	X(SHADOW_BITMAP, CONTROLS, "27.2.1.1", \
	  "the addresses of the VMREAD and VMWRITE bitmaps must be page aligned, within " \
	  "the physical-address width") \
	X(VE_INFORMATION, CONTROLS, "27.2.1.1", \
	  "the virtualization-exception information address must be page aligned, within " \
	  "the physical-address width") \
	X(PT_NEEDS, CONTROLS, "27.2.1.1", \
	  "Intel PT with guest-physical addresses needs EPT, load IA32_RTIT_CTL and " \
	  "clear IA32_RTIT_CTL") \
	X(TSC_MULTIPLIER, CONTROLS, "27.2.1.1", \
	  "with TSC scaling the TSC multiplier must not be 0") \
	X(TERTIARY_NEEDS_EPT, CONTROLS, "27.2.1.1", \
	  "HLAT, EPT paging-write and guest-paging verification need EPT") \
	X(HLAT_POINTER, CONTROLS, "27.2.1.1", \
	  "bits 2:0 and 11:5 of the HLAT pointer and those beyond the physical-address " \
	  "width must be 0") \
	X(PID_TABLE, CONTROLS, "27.2.1.1", \
	  "the PID-pointer table must be 8-byte aligned, with its first and last entry " \
	  "within the physical-address width") \
	X(EXIT_CONTROLS, CONTROLS, "27.2.1.2", \
	  "VM-exit controls: bits set in the low half of the MSR must be 1, bits clear " \
	  "in its high half 0") \
	X(EXIT2_CONTROLS, CONTROLS, "27.2.1.2", \
	  "secondary VM-exit controls: bits clear in the MSR must be 0") \
	X(SAVE_TIMER, CONTROLS, "27.2.1.2", \
	  "saving the preemption timer needs the preemption timer") \
	X(EXIT_MSR_STORE, CONTROLS, "27.2.1.2", \
	  "the VM-exit MSR-store area must be 16-byte aligned, with its first and last " \
	  "byte within the physical-address width") \
	X(EXIT_MSR_LOAD, CONTROLS, "27.2.1.2", \
	  "the VM-exit MSR-load area must be 16-byte aligned, with its first and last " \
	  "byte within the physical-address width") \
	X(ENTRY_CONTROLS, CONTROLS, "27.2.1.3", \
	  "VM-entry controls: bits set in the low half of the MSR must be 1, bits clear " \
	  "in its high half 0") \
	X(EVENT_TYPE, CONTROLS, "27.2.1.3", \
	  "the interruption type (bits 10:8) of the injected event must not be 1; nor 7 " \
	  "without monitor trap flag") \
	X(EVENT_VECTOR, CONTROLS, "27.2.1.3", \
	  "the vector of the injected event must fit its type: 2 for an NMI, at most 31 " \
	  "for a hardware exception, 0 for other event") \
	X(EVENT_ERROR_CODE, CONTROLS, "27.2.1.3", \
	  "the injected event must have an error code (bit 11) if and only if it is a " \
	  "hardware exception with vector 8, 10-14 or 17 and CR0.PE is 1 (with " \
	  "IA32_VMX_BASIC[56] any hardware exception in protected mode may)") \
	X(EVENT_RESERVED, CONTROLS, "27.2.1.3", \
	  "bits 30:12 of the injected event must be 0") \
	X(EVENT_ERROR_BITS, CONTROLS, "27.2.1.3", \
	  "bits 31:16 of the error code of the injected event must be 0") \
	X(EVENT_LENGTH, CONTROLS, "27.2.1.3", \
	  "a software interrupt or exception must have an instruction length of 1 to 15 " \
	  "(or 0 with IA32_VMX_MISC[30])") \
	X(ENTRY_MSR_LOAD, CONTROLS, "27.2.1.3", \
	  "the VM-entry MSR-load area must be 16-byte aligned, with its first and last " \
	  "byte within the physical-address width") \
	X(ENTRY_SMM, CONTROLS, "27.2.1.3", \
	  "entry to SMM and deactivate dual-monitor treatment must be 0 outside SMM, and " \
	  "never both 1") \
	X(HOST_CR0, HOST, "27.2.2", \
	  "host CR0: bits set in CR0_FIXED0 must be 1, bits clear in CR0_FIXED1 0") \
	X(HOST_CR4, HOST, "27.2.2", \
	  "host CR4: bits set in CR4_FIXED0 must be 1, bits clear in CR4_FIXED1 0") \
	X(HOST_CET_WP, HOST, "27.2.2", \
	  "host CR4.CET needs CR0.WP") \
	X(HOST_CR3, HOST, "27.2.2", \
	  "host CR3 must not have bits beyond the physical-address width") \
	X(HOST_SYSENTER, HOST, "27.2.2", \
	  "host SYSENTER_ESP and SYSENTER_EIP must be canonical") \
	X(HOST_PERF_GLOBAL, HOST, "27.2.2", \
	  "reserved bits of the host's IA32_PERF_GLOBAL_CTRL must be 0") \
	X(HOST_PAT, HOST, "27.2.2", \
	  "each byte of the host's IA32_PAT must be 0, 1, 4, 5, 6 or 7") \
	X(HOST_EFER_BITS, HOST, "27.2.2", \
	  "reserved bits of the host's IA32_EFER must be 0") \
	X(HOST_EFER_MODE, HOST, "27.2.2", \
	  "LMA and LME of the host's IA32_EFER must equal the control host address-space " \
	  "size") \
	X(HOST_S_CET, HOST, "27.2.2", \
	  "the host's IA32_S_CET must be canonical, with bits 9:6 0 and bits 11:10 not " \
	  "both 1") \
	X(HOST_SSP, HOST, "27.2.2", \
	  "the host's SSP must be canonical with bits 1:0 0, its interrupt SSP table " \
	  "canonical") \
	X(HOST_PKRS, HOST, "27.2.2", \
	  "bits 63:32 of the host's IA32_PKRS must be 0") \
	X(HOST_SELECTOR, HOST, "27.2.3", \
	  "RPL and TI of the host's selectors must be 0") \
	X(HOST_NULL, HOST, "27.2.3", \
	  "the host's CS and TR must not be null") \
	X(HOST_SS_NULL, HOST, "27.2.3", \
	  "the host's SS must not be null unless the host is 64-bit") \
	X(HOST_BASE, HOST, "27.2.3", \
	  "the host's bases of FS, GS, GDTR, IDTR and TR must be canonical") \
	X(HOST_NOT_LONG, HOST, "27.2.4", \
	  "from outside IA-32e mode neither the guest nor the host may be set to it: " \
	  "IA-32e mode guest and host address-space size must be 0") \
	X(HOST_LONG, HOST, "27.2.4", \
	  "from IA-32e mode the host must stay in it: host address-space size must be 1") \
	X(HOST_32_GUEST, HOST, "27.2.4", \
	  "without host address-space size IA-32e mode guest must be 0") \
	X(HOST_32_PCIDE, HOST, "27.2.4", \
	  "without host address-space size host CR4.PCIDE must be 0") \
	X(HOST_32_RIP, HOST, "27.2.4", \
	  "without host address-space size bits 63:32 of the host's RIP must be 0") \
	X(HOST_64_PAE, HOST, "27.2.4", \
	  "with host address-space size host CR4.PAE must be 1") \
	X(HOST_64_RIP, HOST, "27.2.4", \
	  "with host address-space size the host's RIP must be canonical") \
	X(CR0, GUEST, "27.3.1.1", \
	  "guest CR0: bits set in CR0_FIXED0 must be 1 (but PE and PG with unrestricted " \
	  "guest), bits clear in CR0_FIXED1 0") \
	X(CR0_PG_PE, GUEST, "27.3.1.1", \
	  "guest CR0.PG needs CR0.PE") \
	X(CR4, GUEST, "27.3.1.1", \
	  "guest CR4: bits set in CR4_FIXED0 must be 1, bits clear in CR4_FIXED1 0") \
	X(CET_WP, GUEST, "27.3.1.1", \
	  "guest CR4.CET needs CR0.WP") \
	X(DEBUGCTL, GUEST, "27.3.1.1", \
	  "reserved bits of the guest's IA32_DEBUGCTL must be 0") \
	X(LONG_PG, GUEST, "27.3.1.1", \
	  "an IA-32e mode guest needs CR0.PG") \
	X(LONG_PAE, GUEST, "27.3.1.1", \
	  "an IA-32e mode guest needs CR4.PAE") \
	X(PCIDE, GUEST, "27.3.1.1", \
	  "guest CR4.PCIDE must be 0 outside IA-32e mode") \
	X(CR3, GUEST, "27.3.1.1", \
	  "guest CR3 must not have bits beyond the physical-address width") \
	X(DR7, GUEST, "27.3.1.1", \
	  "bits 63:32 of the guest's DR7 must be 0") \
	X(SYSENTER, GUEST, "27.3.1.1", \
	  "guest SYSENTER_ESP and SYSENTER_EIP must be canonical") \
	X(S_CET, GUEST, "27.3.1.1", \
	  "the guest's IA32_S_CET must be canonical, with bits 9:6 0 and bits 11:10 not " \
	  "both 1") \
	X(SSP_TABLE, GUEST, "27.3.1.1", \
	  "the guest's interrupt SSP table must be canonical") \
	X(PERF_GLOBAL, GUEST, "27.3.1.1", \
	  "reserved bits of the guest's IA32_PERF_GLOBAL_CTRL must be 0") \
	X(PAT, GUEST, "27.3.1.1", \
	  "each byte of the guest's IA32_PAT must be 0, 1, 4, 5, 6 or 7") \
	X(EFER_BITS, GUEST, "27.3.1.1", \
	  "reserved bits of the guest's IA32_EFER must be 0") \
	X(EFER_LMA, GUEST, "27.3.1.1", \
	  "LMA of the guest's IA32_EFER must equal the control IA-32e mode guest") \
	X(EFER_LME, GUEST, "27.3.1.1", \
	  "with CR0.PG LMA and LME of the guest's IA32_EFER must be equal") \
	X(BNDCFGS, GUEST, "27.3.1.1", \
	  "bits 11:2 of the guest's IA32_BNDCFGS must be 0, its address canonical") \
	X(PKRS, GUEST, "27.3.1.1", \
	  "bits 63:32 of the guest's IA32_PKRS must be 0") \
	X(UINV, GUEST, "27.3.1.1", \
	  "bits 15:8 of the guest's UINV must be 0") \
	X(TR_TI, GUEST, "27.3.1.2", \
	  "TI (bit 2) of TR must be 0") \
	X(LDTR_TI, GUEST, "27.3.1.2", \
	  "TI (bit 2) of a usable LDTR must be 0") \
	X(SS_RPL, GUEST, "27.3.1.2", \
	  "RPL of SS must equal that of CS, unless in virtual-8086 mode or with " \
	  "unrestricted guest") \
	X(V86_BASE, GUEST, "27.3.1.2", \
	  "in virtual-8086 mode the base of a segment must be its selector times 16") \
	X(SEGMENT_BASE_CANONICAL, GUEST, "27.3.1.2", \
	  "the bases of TR, FS, GS and of a usable LDTR must be canonical") \
	X(SEGMENT_BASE_32, GUEST, "27.3.1.2", \
	  "bits 63:32 of the base of CS, and of a usable SS, DS or ES, must be 0") \
	X(V86_LIMIT, GUEST, "27.3.1.2", \
	  "in virtual-8086 mode the limit of a segment must be FFFFh") \
	X(V86_ACCESS, GUEST, "27.3.1.2", \
	  "in virtual-8086 mode the access rights of a segment must be F3h") \
	X(CS_TYPE, GUEST, "27.3.1.2", \
	  "the type of CS must be 9, 11, 13 or 15 (or 3 with unrestricted guest)") \
	X(SS_TYPE, GUEST, "27.3.1.2", \
	  "the type of a usable SS must be 3 or 7") \
	X(DATA_TYPE, GUEST, "27.3.1.2", \
	  "the type of a usable DS, ES, FS or GS must be accessed (bit 0), and readable " \
	  "(bit 1) if code (bit 3)") \
	X(SEGMENT_S, GUEST, "27.3.1.2", \
	  "S (bit 4) of CS and of a usable data segment must be 1") \
	X(CS_DPL_DATA, GUEST, "27.3.1.2", \
	  "DPL of CS must be 0 if its type is 3") \
	X(CS_DPL_NONCONFORMING, GUEST, "27.3.1.2", \
	  "DPL of CS must equal that of SS if its type is 9 or 11") \
	X(CS_DPL_CONFORMING, GUEST, "27.3.1.2", \
	  "DPL of CS must not be above that of SS if its type is 13 or 15") \
	X(SS_DPL_RPL, GUEST, "27.3.1.2", \
	  "DPL of SS must equal its RPL, unless with unrestricted guest") \
	X(SS_DPL_REAL, GUEST, "27.3.1.2", \
	  "DPL of SS must be 0 in real mode (CR0.PE is 0) and if the type of CS is 3") \
	X(DATA_DPL, GUEST, "27.3.1.2", \
	  "DPL of a usable DS, ES, FS or GS of type 0 to 11 must not be below its RPL, " \
	  "unless with unrestricted guest") \
	X(SEGMENT_P, GUEST, "27.3.1.2", \
	  "P (bit 7) of CS and of a usable data segment must be 1") \
	X(SEGMENT_RESERVED, GUEST, "27.3.1.2", \
	  "bits 11:8 and 31:17 of the access rights of CS and of a usable data segment " \
	  "must be 0") \
	X(CS_L_D, GUEST, "27.3.1.2", \
	  "in IA-32e mode D (bit 14) of CS must be 0 if L (bit 13) is 1") \
	X(SEGMENT_G, GUEST, "27.3.1.2", \
	  "G (bit 15) must be 0 if any of bits 11:0 of the limit is 0, and 1 if any of " \
	  "bits 31:20 is 1 (CS, usable data segments)") \
	X(TR_TYPE, GUEST, "27.3.1.2", \
	  "the type of TR must be 11, or 3 outside IA-32e mode") \
	X(TR_ACCESS, GUEST, "27.3.1.2", \
	  "the access rights of TR must have S 0, P 1, bits 11:8 and 31:17 0") \
	X(TR_UNUSABLE, GUEST, "27.3.1.2", \
	  "TR must be usable: bit 16 of its access rights 0") \
	X(TR_G, GUEST, "27.3.1.2", \
	  "G (bit 15) of TR must be 0 if any of bits 11:0 of its limit is 0, and 1 if " \
	  "any of bits 31:20 is 1") \
	X(LDTR_TYPE, GUEST, "27.3.1.2", \
	  "the type of a usable LDTR must be 2") \
	X(LDTR_ACCESS, GUEST, "27.3.1.2", \
	  "the access rights of a usable LDTR must have S 0, P 1, bits 11:8 and 31:17 0") \
	X(LDTR_G, GUEST, "27.3.1.2", \
	  "G (bit 15) of a usable LDTR must be 0 if any of bits 11:0 of its limit is 0, " \
	  "and 1 if any of bits 31:20 is 1") \
	X(TABLE_BASE, GUEST, "27.3.1.3", \
	  "the bases of GDTR and IDTR must be canonical") \
	X(TABLE_LIMIT, GUEST, "27.3.1.3", \
	  "bits 31:16 of the limits of GDTR and IDTR must be 0") \
	X(RIP_32, GUEST, "27.3.1.4", \
	  "bits 63:32 of RIP must be 0 outside 64-bit mode") \
	X(RIP_64, GUEST, "27.3.1.4", \
	  "in 64-bit mode the bits of RIP beyond the linear-address width must all be " \
	  "equal") \
	X(RFLAGS, GUEST, "27.3.1.4", \
	  "bits 63:22, 15, 5 and 3 of RFLAGS must be 0, bit 1 must be 1") \
	X(RFLAGS_VM, GUEST, "27.3.1.4", \
	  "RFLAGS.VM must be 0 in IA-32e mode and in real mode") \
	X(RFLAGS_IF, GUEST, "27.3.1.4", \
	  "RFLAGS.IF must be 1 when an external interrupt is injected") \
	X(SSP, GUEST, "27.3.1.4", \
	  "bits 1:0 of SSP must be 0; its bits 63:32 too outside 64-bit mode, else those " \
	  "beyond the linear-address width equal") \
	X(ACTIVITY, GUEST, "27.3.1.5", \
	  "the activity state must be 0 to 3, and one that IA32_VMX_MISC[8:6] offers") \
	X(ACTIVITY_HLT_DPL, GUEST, "27.3.1.5", \
	  "in the HLT state DPL of SS must be 0") \
	X(ACTIVITY_SHADOW, GUEST, "27.3.1.5", \
	  "with blocking by STI or MOV SS the activity state must be 0 (active)") \
	X(ACTIVITY_EVENT, GUEST, "27.3.1.5", \
	  "the injected event must be one that the activity state does not block: HLT " \
	  "takes interrupts, NMI, #DB, #MC and MTF, shutdown NMI and #MC, wait-for-SIPI " \
	  "none") \
	X(ACTIVITY_SMM, GUEST, "27.3.1.5", \
	  "with entry to SMM the activity state must not be wait-for-SIPI") \
	X(SHADOW_RESERVED, GUEST, "27.3.1.5", \
	  "bits 31:5 of the interruptibility state must be 0") \
	X(SHADOW_BOTH, GUEST, "27.3.1.5", \
	  "blocking by STI and by MOV SS must not both be 1") \
	X(SHADOW_STI_IF, GUEST, "27.3.1.5", \
	  "blocking by STI needs RFLAGS.IF") \
	X(SHADOW_INTERRUPT, GUEST, "27.3.1.5", \
	  "an external interrupt must not be injected with blocking by STI or MOV SS") \
	X(SHADOW_NMI, GUEST, "27.3.1.5", \
	  "an NMI must not be injected with blocking by MOV SS") \
	X(SHADOW_SMI, GUEST, "27.3.1.5", \
	  "blocking by SMI must be 0 outside SMM, and 1 with entry to SMM") \
	X(SHADOW_VIRTUAL_NMI, GUEST, "27.3.1.5", \
	  "with virtual NMIs an NMI must not be injected with blocking by NMI") \
	X(SHADOW_ENCLAVE, GUEST, "27.3.1.5", \
	  "enclave interruption needs a CPU with SGX, and no blocking by MOV SS") \
	X(PENDING_RESERVED, GUEST, "27.3.1.5", \
	  "bits 63:17, 15, 13 and 11:4 of the pending debug exceptions must be 0 (bit 11 " \
	  "may be 1 with bus-lock detection)") \
	X(PENDING_BS_SET, GUEST, "27.3.1.5", \
	  "with a shadow or in HLT, TF 1 and BTF 0, BS (bit 14) of the pending debug " \
	  "exceptions must be 1") \
	X(PENDING_BS_CLEAR, GUEST, "27.3.1.5", \
	  "with a shadow or in HLT, TF 0 or BTF 1, BS (bit 14) of the pending debug " \
	  "exceptions must be 0") \
	X(PENDING_RTM, GUEST, "27.3.1.5", \
	  "RTM (bit 16) of the pending debug exceptions needs a CPU with RTM, bit 12 1, " \
	  "all other bits 0, and no blocking by MOV SS") \
	X(LINK_ADDRESS, GUEST, "27.3.1.5", \
	  "the VMCS link pointer must be all ones, or page aligned within the " \
	  "physical-address width") \
	X(LINK_SELF, GUEST, "27.3.1.5", \
	  "the VMCS link pointer must not be the current VMCS") \
	X(PDPTE, GUEST, "27.3.1.6", \
	  "with PAE paging and EPT, bits 2:1 and 8:5 of a present PDPTE and those beyond " \
	  "the physical-address width must be 0")

#endif /* POSADA_ENTRY_RULES_H */
