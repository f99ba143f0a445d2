/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * posada - run guests with Intel VMX.  The whole ABI of /dev/posada.
 *
 * Three kinds of file: the device makes VMs, a VM makes vCPUs.  Each is an
 * anonymous inode of its own; the last reference frees, and the order of
 * closing does not matter.
 *
 * Every ioctl that takes an argument takes one struct that begins with its
 * size.  A shorter struct is extended with zeroes, so old programs run on a
 * newer module; a longer one is accepted as long as the tail the module does
 * not know is zero, so new programs run on an older module.  Of a request's
 * number the bits that tell a size are not looked at, only the struct's own word.
 * All layouts are the same for 32- and 64-bit callers and have no implicit padding.
 *
 * The errors mean the same everywhere:
 *
 * ========== ================================================================
 * ENOTTY     no such ioctl on this kind of file
 * EFAULT     a pointer leads nowhere
 * E2BIG      the struct is longer than the module knows, and the tail is not 0
 * EINVAL     a size too small, an unknown flag, a reserved field that is not
 *            0, or a value out of its range
 * EOPNOTSUPP a known request that this CPU or kernel cannot serve
 * ENODEV     VMX cannot be used (the kernel log and POSADA_INFO say why)
 * EBUSY      VMX is held by another hypervisor, or the vCPU is running
 * EEXIST     the vCPU id is taken, or the memory range overlaps another
 * ENOENT     nothing is mapped there
 * ENOSPC     a limit that POSADA_INFO tells is reached
 * EINTR      a signal arrived, or the vCPU was kicked, before the guest ran
 * EIO        the VM belongs to another process (another mm), or is gone
 * ENOMEM     out of memory, or the memory cgroup is full
 * ========== ================================================================
 */
#ifndef _UAPI_LINUX_POSADA_H
#define _UAPI_LINUX_POSADA_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define POSADA_ABI_VERSION	1

/* Ioctls in decades: 0x device, 1x VM, 2x vCPU, 3x vCPU state. */
#define POSADA_INFO		_IOWR(0xb5, 0x00, struct posada_info)
#define POSADA_CREATE_VM	_IOW(0xb5, 0x01, struct posada_create_vm)
#define POSADA_CPUID_SUPPORTED	_IOWR(0xb5, 0x02, struct posada_cpuid)

#define POSADA_MEMORY		_IOWR(0xb5, 0x10, struct posada_memory)
#define POSADA_CREATE_VCPU	_IOW(0xb5, 0x11, struct posada_create_vcpu)
#define POSADA_POLICY_GET	_IOWR(0xb5, 0x12, struct posada_policy)
#define POSADA_POLICY_SET	_IOWR(0xb5, 0x13, struct posada_policy)

#define POSADA_RUN		_IO(0xb5, 0x20)
#define POSADA_KICK		_IO(0xb5, 0x21)
#define POSADA_INTERRUPT	_IOW(0xb5, 0x22, struct posada_interrupt)
#define POSADA_STATS		_IOWR(0xb5, 0x23, struct posada_stats)
#define POSADA_GUEST_DEBUG	_IOW(0xb5, 0x24, struct posada_guest_debug)
#define POSADA_LAST_EXITS		_IOWR(0xb5, 0x25, struct posada_last_exits)
#define POSADA_EXPLAIN		_IOWR(0xb5, 0x26, struct posada_explain)

#define POSADA_STATE_GET	_IOWR(0xb5, 0x30, struct posada_state)
#define POSADA_STATE_SET	_IOWR(0xb5, 0x31, struct posada_state)
#define POSADA_CPUID_GET	_IOWR(0xb5, 0x32, struct posada_cpuid)
#define POSADA_CPUID_SET	_IOW(0xb5, 0x33, struct posada_cpuid)

/* ---- device ------------------------------------------------------------ */

/* posada_info.features: what this CPU offers and the module uses */
#define POSADA_FEATURE_RESIDENT		(1ULL << 0)  /* VMX can be kept on */
#define POSADA_FEATURE_WINDOW		(1ULL << 1)  /* VMX on for one stay */
#define POSADA_FEATURE_VPID		(1ULL << 2)
#define POSADA_FEATURE_EPT_2M		(1ULL << 3)
#define POSADA_FEATURE_EPT_1G		(1ULL << 4)
#define POSADA_FEATURE_PREEMPTION_TIMER	(1ULL << 5)
#define POSADA_FEATURE_XSAVE		(1ULL << 6)
#define POSADA_FEATURE_RDTSCP		(1ULL << 7)
#define POSADA_FEATURE_INVPCID		(1ULL << 8)
#define POSADA_FEATURE_VIRTUAL_NMI	(1ULL << 9)

/* posada_info.holder: who has VMX now */
#define POSADA_HOLDER_NONE	0	/* nobody */
#define POSADA_HOLDER_POSADA	1	/* this module, resident */
#define POSADA_HOLDER_OTHER	2	/* another hypervisor, on some CPU */

/* posada_info.way: how VMX is turned on for a VM created now */
#define POSADA_WAY_NONE		0	/* it cannot be: see holder */
#define POSADA_WAY_RESIDENT	1	/* on every CPU while a VM exists */
#define POSADA_WAY_WINDOW	2	/* around each stay in the guest */

/**
 * struct posada_info - POSADA_INFO: versions, limits, features
 * @size: sizeof(struct posada_info)
 * @abi_version: out: POSADA_ABI_VERSION
 * @features: out: POSADA_FEATURE_* bits
 * @holder: out: POSADA_HOLDER_*, asked of every online CPU at this moment
 * @way: out: POSADA_WAY_*
 * @max_vcpus: out: vCPUs per VM
 * @max_ranges: out: memory ranges per VM
 * @gpa_bits: out: width of a guest-physical address
 * @run_size: out: bytes to mmap from a vCPU fd
 * @xsave_size: out: bytes of a vCPU's XSAVE area
 * @vmcs_revision: out: VMCS revision identifier (SDM 3C 25.2)
 * @xcr0: out: the XCR0 bits a guest may set; 0 without XSAVE
 * @cpus_online: out: online CPUs, each of which can enter VMX operation
 * @max_cpuid: out: entries in a CPUID table
 * @max_msrs: out: entries in a posada_state MSR list
 * @reserved: 0
 *
 * Errors: EFAULT, E2BIG, EINVAL.
 */
struct posada_info {
	__u32 size;
	__u32 abi_version;
	__u64 features;
	__u32 holder;
	__u32 way;
	__u32 max_vcpus;
	__u32 max_ranges;
	__u32 gpa_bits;
	__u32 run_size;
	__u32 xsave_size;
	__u32 vmcs_revision;
	__u64 xcr0;
	__u32 cpus_online;
	__u32 max_cpuid;
	__u32 max_msrs;
	__u32 reserved;
};

/**
 * struct posada_create_vm - POSADA_CREATE_VM: returns a VM fd (close-on-exec)
 * @size: sizeof(struct posada_create_vm)
 * @flags: 0
 *
 * The VM belongs to the calling process: its memory is guest memory, and only
 * threads of that mm may change the VM's memory or run its vCPUs.
 *
 * Errors: EINVAL, E2BIG, EBUSY (VMX held by another hypervisor), ENODEV,
 * ENOMEM, EMFILE.
 */
struct posada_create_vm {
	__u32 size;
	__u32 flags;
};

/* posada_cpuid_entry.flags */
#define POSADA_CPUID_SUBLEAF	(1U << 0)	/* @subleaf (ECX) must match */

/**
 * struct posada_cpuid_entry - one answer of the CPUID instruction
 * @leaf: EAX before
 * @subleaf: ECX before; looked at only with POSADA_CPUID_SUBLEAF, else 0
 * @flags: POSADA_CPUID_SUBLEAF or 0
 * @eax: EAX after
 * @ebx: EBX after
 * @ecx: ECX after
 * @edx: EDX after
 * @reserved: 0
 */
struct posada_cpuid_entry {
	__u32 leaf;
	__u32 subleaf;
	__u32 flags;
	__u32 eax;
	__u32 ebx;
	__u32 ecx;
	__u32 edx;
	__u32 reserved;
};

/**
 * struct posada_cpuid - POSADA_CPUID_SUPPORTED, _GET, _SET: a CPUID table
 * @size: sizeof(struct posada_cpuid)
 * @nr: in: room in @entries (SUPPORTED, GET) or how many there are (SET);
 *      out (SUPPORTED, GET): how many the table has, also with ENOSPC
 * @entries: pointer to an array of struct posada_cpuid_entry
 *
 * SUPPORTED (device) tells what this host can give a guest.  A new vCPU has
 * exactly that table.  SET replaces the table of a vCPU; a feature bit that
 * SUPPORTED does not have is refused (EINVAL) where the guest could reach host
 * state with it: XSAVE components and CR4-controlled features.  The CPU state
 * that depends on CR4 and XCR0 (OSXSAVE, the size in leaf 0Dh) is filled in at
 * the time of the instruction.  A leaf that the table does not have reads as the
 * highest basic leaf if it lies beyond it, else as zeroes.  A table without a
 * feature whose CR4 bit the guest has set at that moment is EINVAL too.
 *
 * Errors: EFAULT, E2BIG, EINVAL, ENOSPC (GET: @nr too small; SET: more than
 * posada_info.max_cpuid), EBUSY (SET while the vCPU runs), ENOMEM.
 */
struct posada_cpuid {
	__u32 size;
	__u32 nr;
	__u64 entries;
};

/* ---- VM ---------------------------------------------------------------- */

/* posada_memory_op.op */
#define POSADA_MEMORY_MAP	0	/* back [gpa, gpa+length) with [hva, ...) */
#define POSADA_MEMORY_UNMAP	1	/* drop what is mapped in [gpa, gpa+length) */

/* posada_memory_op.flags, of MAP */
#define POSADA_MEMORY_READONLY	(1U << 0)  /* guest writes are MMIO exits */
#define POSADA_MEMORY_NO_AROUND	(1U << 1)  /* only what the guest touches */

/**
 * struct posada_memory_op - one change of the guest-physical layout
 * @op: POSADA_MEMORY_MAP or POSADA_MEMORY_UNMAP
 * @flags: MAP: POSADA_MEMORY_READONLY, POSADA_MEMORY_NO_AROUND; UNMAP: 0
 * @gpa: guest-physical start, page aligned
 * @length: bytes, page aligned, not 0
 * @hva: MAP: address in the calling process, page aligned; UNMAP: 0
 *
 * A guest memory fault maps pages around the one touched that the process has
 * already, and to a guest that goes through its memory it brings up to 15 new pages
 * ahead; with POSADA_MEMORY_NO_AROUND it does neither.
 *
 * UNMAP may cover several ranges, or part of one (the rest stays mapped); an
 * UNMAP that meets no mapped page is ENOENT.  MAP over a mapped page is EEXIST:
 * unmap first, in the same call.
 */
struct posada_memory_op {
	__u32 op;
	__u32 flags;
	__u64 gpa;
	__u64 length;
	__u64 hva;
};

#define POSADA_MEMORY_MAX_OPS	64

/**
 * struct posada_memory - POSADA_MEMORY: change the layout, all or nothing
 * @size: sizeof(struct posada_memory)
 * @nr: number of operations, 1..POSADA_MEMORY_MAX_OPS
 * @ops: pointer to an array of struct posada_memory_op, applied in order
 * @bad_op: out, on an error that one operation caused: its index; else ~0
 * @flags: 0
 *
 * vCPUs may run meanwhile; none sees a part of the change as long as it does
 * not touch the pages that change.  On return no vCPU can reach what was
 * unmapped.  The backing is ordinary memory of the process and may be swapped,
 * discarded or replaced at any time; the guest follows.
 *
 * Errors: EFAULT, E2BIG, EINVAL (alignment, wrap, beyond gpa_bits or the user
 * address space), EEXIST, ENOENT, ENOSPC (max_ranges), EIO (another mm), ENOMEM.
 */
struct posada_memory {
	__u32 size;
	__u32 nr;
	__u64 ops;
	__u32 bad_op;
	__u32 flags;
};

/**
 * struct posada_create_vcpu - POSADA_CREATE_VCPU: returns a vCPU fd
 * @size: sizeof(struct posada_create_vcpu)
 * @flags: 0
 * @id: 0..max_vcpus-1, free in this VM; the initial APIC id in the CPUID table
 * @reserved: 0
 *
 * The vCPU is in the state after RESET (SDM 3A 10.1.1): real mode, CS:IP
 * F000:FFF0 with base FFFF0000h.
 *
 * Errors: EINVAL, E2BIG, EEXIST, EBUSY (VMX held by another), EIO (another mm),
 * ENOMEM, EMFILE.
 */
struct posada_create_vcpu {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 reserved;
};

/* posada_trap.what: a restricted action of the guest */
#define POSADA_TRAP_CPUID	0	/* @first..@last: leaf (EAX) */
#define POSADA_TRAP_IO		1	/* port; READ is IN, WRITE is OUT */
#define POSADA_TRAP_MSR		2	/* index (ECX) */
#define POSADA_TRAP_CR		3	/* 0, 3, 4 or 8 */
#define POSADA_TRAP_DR		4	/* 0..7 */
#define POSADA_TRAP_EXCEPTION	5	/* vector, 0..31 but not 2 */
#define POSADA_TRAP_VMCALL	6
#define POSADA_TRAP_HLT		7
#define POSADA_TRAP_PAUSE	8
#define POSADA_TRAP_RDTSC	9	/* RDTSC and RDTSCP */
#define POSADA_TRAP_RDPMC	10
#define POSADA_TRAP_RDRAND	11
#define POSADA_TRAP_RDSEED	12
#define POSADA_TRAP_INVLPG	13	/* INVLPG and INVPCID */
#define POSADA_TRAP_WBINVD	14	/* WBINVD and INVD */
#define POSADA_TRAP_MONITOR	15
#define POSADA_TRAP_MWAIT	16
#define POSADA_TRAP_TABLES	17	/* LGDT, LIDT, LLDT, LTR, SGDT, SIDT, SLDT, STR */
#define POSADA_TRAP_XSETBV	18
#define POSADA_TRAP_KINDS	19

/* posada_trap.access, of IO, MSR, CR and DR */
#define POSADA_TRAP_READ	(1U << 0)
#define POSADA_TRAP_WRITE	(1U << 1)

/* posada_trap.disposition: what happens on that action */
#define POSADA_NATIVE		0	/* no exit: the CPU does it, with the guest's own */
#define POSADA_EMULATE		1	/* the module does what the CPU would do */
#define POSADA_IGNORE		2	/* nothing happens; a read gives @value */
#define POSADA_FAULT		3	/* the guest gets exception @value: 6 #UD, 13 #GP(0) */
#define POSADA_USER		4	/* RUN returns; the program decides */
#define POSADA_TERMINATE	5	/* every vCPU of the VM is dead, with this row as the
					 * reason; STATE_SET revives it, as after SHUTDOWN
					 */
#define POSADA_DISPOSITIONS	6

/* posada_trap.flags, out */
#define POSADA_TRAP_BUILT_IN	(1U << 0)  /* a row of the module, not of POLICY_SET */

/**
 * struct posada_trap - a row of the trap policy
 * @what: POSADA_TRAP_* kind
 * @access: POSADA_TRAP_READ and _WRITE bits, at least one, of the kinds that have
 *          a direction; else 0
 * @disposition: POSADA_NATIVE .. POSADA_TERMINATE
 * @flags: in: 0; out: POSADA_TRAP_* flags
 * @first: of the range of leaves, ports, MSRs, registers or vectors; 0 for kinds
 *         without
 * @last: inclusive; 0 for kinds without
 * @value: IGNORE: what a read gives (CPUID: all four registers 0, @value is 0);
 *         FAULT: 6 or 13; else 0
 * @hits: in: 0; out: how often an exit matched the row since it was set
 */
struct posada_trap {
	__u32 what;
	__u32 access;
	__u32 disposition;
	__u32 flags;
	__u32 first;
	__u32 last;
	__u64 value;
	__u64 hits;
};

#define POSADA_POLICY_MAX_TRAPS	256
#define POSADA_POLICY_WHY	112

/**
 * struct posada_policy - POSADA_POLICY_GET, _SET: the trap policy of a VM
 * @size: sizeof(struct posada_policy)
 * @nr: in: rows at @traps (SET: 0..POSADA_POLICY_MAX_TRAPS, GET: room);
 *      out, GET: how many there are, also with ENOSPC
 * @traps: pointer to an array of struct posada_trap
 * @bad: out, SET: position of the row that EINVAL or EOPNOTSUPP is about, else ~0
 * @reserved: 0
 * @why: out, SET: in words, why that row cannot be; NUL-terminated
 *
 * The first row that matches decides; behind the rows of SET come the built-in
 * ones, which match everything.  SET replaces all rows of the last SET, at once for
 * all vCPUs, also running ones, and starts their counts at 0.  GET gives the rows
 * in order, the built-in ones included, with their hits.  NATIVE rows never hit:
 * the exit does not exist.
 *
 * EMULATE of what the CPU can do by itself lets it: the module counts, then has the
 * one instruction executed without the trap.
 *
 * Errors: EFAULT, E2BIG, EINVAL, EOPNOTSUPP (this CPU has no such trap), ENOSPC (GET:
 * @nr too small; SET: too many), ENOMEM.
 */
struct posada_policy {
	__u32 size;
	__u32 nr;
	__u64 traps;
	__u32 bad;
	__u32 reserved;
	char why[POSADA_POLICY_WHY];
};

/* ---- vCPU: running ------------------------------------------------------ */

/* Index of a general register in posada_run.regs and posada_regs.gpr: the
 * number it has in instruction encodings (SDM 2A 2.1.5).
 */
#define POSADA_RAX	0
#define POSADA_RCX	1
#define POSADA_RDX	2
#define POSADA_RBX	3
#define POSADA_RSP	4
#define POSADA_RBP	5
#define POSADA_RSI	6
#define POSADA_RDI	7
#define POSADA_R8	8
#define POSADA_R9	9
#define POSADA_R10	10
#define POSADA_R11	11
#define POSADA_R12	12
#define POSADA_R13	13
#define POSADA_R14	14
#define POSADA_R15	15

/* posada_run.apply: what the next RUN does before it enters the guest */
#define POSADA_APPLY_SKIP	(1U << 0)  /* the instruction is done: rip += insn_len */
#define POSADA_APPLY_RIP	(1U << 1)  /* the instruction is done: take rip */
#define POSADA_APPLY_RFLAGS	(1U << 2)  /* take rflags */
#define POSADA_APPLY_STEP	(1U << 3)  /* let the CPU execute the instruction, past
					    * the trap that reported it; not with the
					    * three above
					    */

/* posada_run.flags */
#define POSADA_RUN_EXIT_HLT	(1U << 0)  /* HLT is an exit, not a sleep */

/* posada_run.offer: an interrupt controller's INTR line with its vector */
#define POSADA_OFFER_VALID	(1U << 31)
#define POSADA_OFFER_VECTOR	0xffU

/* posada_run.status */
#define POSADA_STATUS_TAKEN	(1U << 0)  /* the offer was delivered: do INTA */

/* posada_run.reason: why RUN returned */
#define POSADA_EXIT_NONE	0	/* the guest has not run */
#define POSADA_EXIT_KICK	1	/* POSADA_KICK */
#define POSADA_EXIT_IO		2	/* IN, OUT, INS, OUTS */
#define POSADA_EXIT_MMIO	3	/* access where no memory is mapped */
#define POSADA_EXIT_RDMSR	4
#define POSADA_EXIT_WRMSR	5
#define POSADA_EXIT_HLT		6	/* only with POSADA_RUN_EXIT_HLT */
#define POSADA_EXIT_HYPERCALL	7	/* VMCALL */
#define POSADA_EXIT_SHUTDOWN	8	/* triple fault; every RUN says so again */
#define POSADA_EXIT_FAILED	9	/* the VM entry failed */
#define POSADA_EXIT_UNKNOWN	10	/* an exit nothing handles: hw_reason */
#define POSADA_EXIT_MEMORY	11	/* mapped, but the host cannot serve it */
#define POSADA_EXIT_TASK_SWITCH	12	/* a task switch of a 32-bit guest */
#define POSADA_EXIT_TRAP	13	/* a USER row of the trap policy */
#define POSADA_EXIT_TERMINATED	14	/* a TERMINATE row; every RUN says so again */
#define POSADA_EXIT_DEBUG	15	/* what POSADA_GUEST_DEBUG asked for */

/* posada_run.io.flags */
#define POSADA_IO_IN		(1U << 0)  /* else OUT */
#define POSADA_IO_STRING	(1U << 1)  /* INS, OUTS */
#define POSADA_IO_REP		(1U << 2)
#define POSADA_IO_IGNORED	(1U << 3)  /* a string form that an IGNORE row is about:
					    * nothing reaches a device, a read gives @value
					    */

/* posada_run.mmio.flags and posada_run.memory.flags */
#define POSADA_ACCESS_READ	(1U << 0)
#define POSADA_ACCESS_WRITE	(1U << 1)
#define POSADA_ACCESS_EXEC	(1U << 2)
#define POSADA_ACCESS_GVA	(1U << 3)  /* @gva is valid */
#define POSADA_ACCESS_WALK	(1U << 4)  /* of the guest's page tables, not of @gva */
#define POSADA_ACCESS_EVENT	(1U << 5)  /* while an event was being delivered:
					    * there is no instruction to emulate
					    */

/* posada_run.task.source (SDM 3C table 28-2) */
#define POSADA_TASK_CALL	0
#define POSADA_TASK_IRET	1
#define POSADA_TASK_JMP		2
#define POSADA_TASK_GATE	3	/* an event went through a task gate in the IDT */

/* posada_run.debug.flags */
#define POSADA_DEBUG_HIT_STEP		(1U << 0)  /* an instruction was executed */
#define POSADA_DEBUG_HIT_BREAKPOINT	(1U << 1)  /* dr6 says which of the debugger's */
#define POSADA_DEBUG_HIT_INT3		(1U << 2)  /* INT3 at rip, not executed */

/**
 * struct posada_run - the run page: mmap offset 0 of a vCPU fd
 * @apply: in: POSADA_APPLY_* bits; the module clears it when it took them
 * @flags: in: POSADA_RUN_* bits
 * @offer: in: POSADA_OFFER_VALID | vector, or 0
 * @reserved0: 0
 * @reason: out: POSADA_EXIT_*
 * @hw_reason: out: basic exit reason (SDM 3C appendix C)
 * @insn_len: out: length of the instruction at @rip, where the CPU tells it
 *            (IO, RDMSR, WRMSR, HLT, HYPERCALL, and TASK_SWITCH unless an
 *            exception, interrupt or NMI caused it), else 0
 * @status: out: POSADA_STATUS_* bits; also set when RUN fails with EINTR
 * @qualification: out: exit qualification (SDM 3C 28.2.1), 0 if it has none
 * @rip: out, in with POSADA_APPLY_RIP: the instruction that has *not* yet been
 *       executed
 * @rflags: out, in with POSADA_APPLY_RFLAGS
 * @regs: in/out: the general registers by number.  regs[POSADA_RSP] is not
 *        used: RSP is in STATE_GET
 * @cr0: out, of IO with POSADA_IO_STRING and of MMIO: for a page walk
 * @cr3: out, as @cr0
 * @cr4: out, as @cr0
 * @efer: out, as @cr0
 * @cs_base: out, as @cr0
 * @cs_access: out, as @cr0: access rights (SDM 3C 25.4.1), for the decoder
 * @ss_access: out, as @cr0: the DPL is the CPL
 * @ds_base: out, as @cr0
 * @es_base: out, as @cr0
 * @io: out, POSADA_EXIT_IO
 * @io.port: 0..0xffff
 * @io.width: 1, 2 or 4 bytes
 * @io.flags: POSADA_IO_* bits
 * @io.reserved: 0
 * @io.gva: string forms: linear address of the first element
 * @io.address_size: string forms: 2, 4 or 8 bytes of RSI, RDI and RCX count
 * @io.segment: string forms: 0 ES, 1 CS, 2 SS, 3 DS, 4 FS, 5 GS
 * @io.value: with POSADA_IO_IGNORED: the value of that row
 * @mmio: out, POSADA_EXIT_MMIO and POSADA_EXIT_MEMORY
 * @mmio.gpa: guest-physical address
 * @mmio.gva: guest-linear address, with POSADA_ACCESS_GVA
 * @mmio.flags: POSADA_ACCESS_* bits
 * @mmio.error: POSADA_EXIT_MEMORY: the errno that the host's fault handling
 *              gave: EFAULT (no mapping, wrong permission, a poisoned
 *              page, a fault that a userfaultfd does not serve)
 * @msr: out, POSADA_EXIT_RDMSR and POSADA_EXIT_WRMSR
 * @msr.index: ECX
 * @msr.reserved: 0
 * @msr.value: WRMSR: EDX:EAX
 * @failed: out, POSADA_EXIT_FAILED
 * @failed.instruction_error: VM-instruction error (SDM 3C 31.4), 0 if the
 *                            entry failed on the guest state
 * @failed.nr_rules: how many rules of the manual the VMCS breaks, as far as the
 *                   module's checker knows: see POSADA_EXPLAIN
 * @task: out, POSADA_EXIT_TASK_SWITCH; the program does all of the switch, with
 *        STATE_GET and STATE_SET
 * @task.selector: of the new TSS
 * @task.source: POSADA_TASK_*
 * @task.event: GATE: interruption information of the event that used it (SDM 3C
 *              25.9.3), which the module has forgotten; else 0
 * @task.event_error: its error code, to be pushed by the program in the new task.
 *                    See tools/lib/task_switch.h, which does all this
 * @trap: out, POSADA_EXIT_TRAP and POSADA_EXIT_TERMINATED
 * @trap.what: POSADA_TRAP_* kind
 * @trap.access: POSADA_TRAP_READ or _WRITE; 0 for kinds without
 * @trap.number: leaf, port, MSR, register number or vector; 0 for kinds without
 * @trap.row: position in the table of POLICY_GET
 * @trap.gpr: CR and DR: the general register; for LMSW, CLTS see @qualification
 * @trap.error_code: EXCEPTION: its error code
 * @trap.value: what would be written: WRMSR, OUT, MOV to CR and DR; EXCEPTION 14:
 *              the page-fault address, which is not yet in CR2
 * @trap.information: VM-exit instruction information (SDM 3C 28.2.5), or
 *                    interruption information of an EXCEPTION
 * @trap.reserved: 0
 * @debug: out, POSADA_EXIT_DEBUG
 * @debug.flags: POSADA_DEBUG_HIT_* bits
 * @debug.reserved: 0
 * @debug.dr6: HIT_BREAKPOINT: bits 3:0, the debugger's breakpoints that were met
 * @unknown: out, POSADA_EXIT_UNKNOWN and POSADA_EXIT_SHUTDOWN
 * @unknown.intr_info: VM-exit interruption information
 * @unknown.error_code: VM-exit interruption error code
 * @unknown.vectoring_info: IDT-vectoring information
 * @unknown.reserved: 0
 * @raw: the size of the union
 *
 * Every exit that an instruction caused is reported before that instruction:
 * @rip points at it and nothing of it has happened.  The program does what the
 * instruction does, to memory and to @regs, sets POSADA_APPLY_SKIP (or an
 * @rip of its own with POSADA_APPLY_RIP) and runs again; or injects an
 * exception instead.  A VM saved between exit and RUN thus simply executes the
 * instruction again.  Completing an instruction ends the STI and MOV-SS shadow
 * and raises the trap of single-stepping, as the CPU does.
 *
 * An offer is taken as soon as the guest can take an interrupt (RFLAGS.IF=1, no
 * shadow); like the INTR line of a PIC it is not held back by CR8.  RUN clears
 * @offer and sets POSADA_STATUS_TAKEN at its next return.  A program that
 * wants to withdraw or change its offer while the vCPU runs kicks it.
 *
 * The page belongs to a program that may write it at any time.  The module
 * reads each field once, checks it, and never trusts what it wrote.
 */
struct posada_run {
	__u32 apply;
	__u32 flags;
	__u32 offer;
	__u32 reserved0;

	__u32 reason;
	__u32 hw_reason;
	__u32 insn_len;
	__u32 status;
	__u64 qualification;
	__u64 rip;
	__u64 rflags;
	__u64 regs[16];

	__u64 cr0;
	__u64 cr3;
	__u64 cr4;
	__u64 efer;
	__u64 cs_base;
	__u32 cs_access;
	__u32 ss_access;
	__u64 ds_base;
	__u64 es_base;

	union {
		struct {
			__u16 port;
			__u8 width;
			__u8 reserved;
			__u32 flags;
			__u64 gva;
			__u32 address_size;
			__u32 segment;
			__u64 value;
		} io;
		struct {
			__u64 gpa;
			__u64 gva;
			__u32 flags;
			__u32 error;
		} mmio;
		struct {
			__u32 index;
			__u32 reserved;
			__u64 value;
		} msr;
		struct {
			__u32 instruction_error;
			__u32 nr_rules;
		} failed;
		struct {
			__u32 selector;
			__u32 source;
			__u32 event;
			__u32 event_error;
		} task;
		struct {
			__u32 what;
			__u32 access;
			__u32 number;
			__u32 row;
			__u32 gpr;
			__u32 error_code;
			__u64 value;
			__u32 information;
			__u32 reserved;
		} trap;
		struct {
			__u32 flags;
			__u32 reserved;
			__u64 dr6;
		} debug;
		struct {
			__u32 intr_info;
			__u32 error_code;
			__u32 vectoring_info;
			__u32 reserved;
		} unknown;
		__u64 raw[8];
	};
};

/**
 * DOC: POSADA_RUN - enter the guest
 *
 * No argument (it must be 0): everything is in the run page.  Returns 0 with
 * posada_run.reason set, or an error with the run page as it was but for what
 * was applied.
 *
 * Errors: EINTR (a signal is pending; run again), EINVAL (argument not 0,
 * unknown bits in apply, flags or offer; nothing was applied), EIO (another
 * mm, or the mm is gone), EBUSY (VMX was taken by another hypervisor),
 * EOPNOTSUPP (a task with an FS or GS selector that is not 0, such as a 32-bit
 * one), ENOMEM.
 *
 * A second thread that runs the same vCPU waits for the first.
 */

/**
 * DOC: POSADA_KICK - make RUN return
 *
 * No argument (it must be 0).  From any thread.  The running RUN, or else the
 * next, returns 0 with POSADA_EXIT_KICK.  Kicks do not add up: several before
 * that return are one.  Errors: EINVAL.
 */

/* posada_interrupt.type */
#define POSADA_INTERRUPT_VECTOR		0  /* external interrupt, as from a local APIC */
#define POSADA_INTERRUPT_NMI		1
#define POSADA_INTERRUPT_EXCEPTION	2  /* a fault of the current instruction */

/* posada_interrupt.flags */
#define POSADA_INTERRUPT_ERROR_CODE	(1U << 0)  /* @error_code is pushed */

/**
 * struct posada_interrupt - POSADA_INTERRUPT: queue an event for the vCPU
 * @size: sizeof(struct posada_interrupt)
 * @type: POSADA_INTERRUPT_*
 * @vector: VECTOR: 16..255; NMI: 0; EXCEPTION: 0..31 but not 2
 * @flags: EXCEPTION: POSADA_INTERRUPT_ERROR_CODE for the vectors that have one
 *         (8, 10-14, 17, 21) unless the guest is in real mode; else 0
 * @error_code: with POSADA_INTERRUPT_ERROR_CODE, else 0
 * @reserved: 0
 * @payload: EXCEPTION of vector 14 (page fault): CR2; else 0
 *
 * VECTOR and NMI: from any thread, never lost, wake a halted vCPU.  Each vector
 * is a bit: queued twice before it is delivered it is delivered once.  One more
 * NMI waits while one is being handled.  Vectors are delivered highest first,
 * while their priority class (bits 7:4) is above CR8.  EXCEPTION: when the vCPU
 * is not running; with an exception already queued the two combine as in SDM 3A
 * 6.15 (double fault).
 *
 * Errors: EFAULT, E2BIG, EINVAL, EBUSY (EXCEPTION while the vCPU runs).
 */
struct posada_interrupt {
	__u32 size;
	__u32 type;
	__u32 vector;
	__u32 flags;
	__u32 error_code;
	__u32 reserved;
	__u64 payload;
};

#define POSADA_STATS_REASONS	80

/**
 * struct posada_stats - POSADA_STATS: what this vCPU has done since it was made
 * @size: sizeof(struct posada_stats)
 * @reserved: 0
 * @entries: out: VM entries
 * @to_user: out: RUNs that returned with an exit
 * @irq: out: interrupts delivered to the guest
 * @nmi: out: NMIs delivered
 * @exceptions: out: exceptions delivered by POSADA_INTERRUPT
 * @redelivered: out: events delivered again after an exit broke their delivery
 * @faults: out: guest memory faults resolved by the module
 * @mapped: out: EPT leaves made, fault-around included
 * @migrations: out: moves to another CPU
 * @exits: out: VM exits by basic exit reason (SDM 3C appendix C)
 *
 * From any thread; the counts of a running vCPU may be a moment apart.
 *
 * Errors: EFAULT, E2BIG, EINVAL.
 */
struct posada_stats {
	__u32 size;
	__u32 reserved;
	__u64 entries;
	__u64 to_user;
	__u64 irq;
	__u64 nmi;
	__u64 exceptions;
	__u64 redelivered;
	__u64 faults;
	__u64 mapped;
	__u64 migrations;
	__u64 exits[POSADA_STATS_REASONS];
};

/* ---- vCPU: looking in ---------------------------------------------------- */

/* posada_guest_debug.flags */
#define POSADA_DEBUG_STEP	(1U << 0)  /* RUN returns after one instruction */
#define POSADA_DEBUG_BREAKPOINTS (1U << 1) /* @dr and @dr7 are in force */
#define POSADA_DEBUG_INT3	(1U << 2)  /* INT3 is an exit */
#define POSADA_DEBUG_LOG	(1U << 3)  /* keep the last exits: POSADA_LAST_EXITS */

/**
 * struct posada_guest_debug - POSADA_GUEST_DEBUG: debug a guest from outside
 * @size: sizeof(struct posada_guest_debug)
 * @flags: POSADA_DEBUG_* bits; what is not set is off
 * @dr: BREAKPOINTS: linear addresses; else 0
 * @dr7: BREAKPOINTS: as the register, with L and G bits, R/W and LEN; GD clear; else 0
 *
 * Stepping and breakpoints do not care about STI and MOV-SS shadows, and no
 * event is delivered to the guest while it is stepped: the one instruction that
 * runs is the one at rip.  An exception that it raises is delivered, and
 * that is the step.  Meanwhile the guest's own debug registers keep their values, but
 * its breakpoints do not fire while BREAKPOINTS is set.
 *
 * An execution breakpoint at rip is met by every RUN but one that steps.  After MOV
 * SS and POP SS the CPU holds back the trap that ends a step, and ignores an
 * execution breakpoint: the instruction that follows runs too (SDM 3A 6.8.3).  A
 * repeated string instruction is stepped iteration by iteration; HLT is stepped
 * over.  A step is one of RFLAGS.TF, so that PUSHF stores it, POPF, IRET and SYSRET
 * replace it, and INT n and SYSCALL go where it is clear: step these with a
 * breakpoint where they lead to.  R/W of 10b (I/O) is refused, and a LEN that is not
 * 0 for execution.
 *
 * Errors: EFAULT, E2BIG, EINVAL, EBUSY (the vCPU is running).
 */
struct posada_guest_debug {
	__u32 size;
	__u32 flags;
	__u64 dr[4];
	__u64 dr7;
};

#define POSADA_LAST_EXITS_MAX	64

/**
 * struct posada_last_exit - an exit that was
 * @rip: of the guest
 * @qualification: exit qualification
 * @tsc: of the host
 * @reason: basic exit reason
 * @answer: 0 the guest went on at once, 1 RUN returned, 2 a memory fault, 3 it
 *          slept, 4 the host had something to do
 * @information: interruption information of exceptions, else 0
 * @reserved: 0
 */
struct posada_last_exit {
	__u64 rip;
	__u64 qualification;
	__u64 tsc;
	__u32 reason;
	__u32 answer;
	__u32 information;
	__u32 reserved;
};

/**
 * struct posada_last_exits - POSADA_LAST_EXITS: the last exits of a vCPU, oldest first
 * @size: sizeof(struct posada_last_exits)
 * @nr: in: room at @entries; out: how many were written
 * @entries: pointer to an array of struct posada_last_exit
 * @total: out: how many exits have been logged in all
 *
 * Kept only while POSADA_DEBUG_LOG is set, because it costs time at every exit.
 *
 * Errors: EFAULT, E2BIG, EINVAL, EBUSY (the vCPU is running).
 */
struct posada_last_exits {
	__u32 size;
	__u32 nr;
	__u64 entries;
	__u64 total;
};

/**
 * struct posada_rule - a rule of VM entry that a VMCS breaks
 * @id: number of the rule, as tools/lib lists them with section and words
 * @nr_fields: how many of @field and @value are used
 * @field: VMCS field encodings (SDM 3C appendix B)
 * @value: their values
 */
struct posada_rule {
	__u32 id;
	__u32 nr_fields;
	__u32 field[4];
	__u64 value[4];
};

/**
 * struct posada_field - a field of a VMCS
 * @encoding: SDM 3C appendix B; from 10000h on a capability MSR: 10000h + index;
 *            from 20000h on something else by which an entry is judged, such as the
 *            width of addresses: as tools/lib names it
 * @reserved: 0
 * @value: its value
 */
struct posada_field {
	__u32 encoding;
	__u32 reserved;
	__u64 value;
};

/**
 * struct posada_explain - POSADA_EXPLAIN: why the last VM entry failed
 * @size: sizeof(struct posada_explain)
 * @nr_rules: in: room at @rules; out: how many rules are broken
 * @rules: pointer to an array of struct posada_rule
 * @nr_fields: in: room at @fields; out: how many fields there are
 * @instruction_error: out: VM-instruction error, 0 for a failure on the guest state
 * @fields: pointer to an array of struct posada_field: the VMCS as it was when
 *          the entry failed, and the capability MSRs it was judged by
 * @qualification: out: exit qualification of that entry
 *
 * After an entry that succeeded, or before any, ENOENT.
 *
 * Errors: EFAULT, E2BIG, EINVAL, ENOENT, ENOSPC (@nr_rules or @nr_fields too
 * small: both are set to what is needed), EBUSY (the vCPU is running), ENOMEM.
 */
struct posada_explain {
	__u32 size;
	__u32 nr_rules;
	__u64 rules;
	__u32 nr_fields;
	__u32 instruction_error;
	__u64 fields;
	__u64 qualification;
};

/* ---- vCPU: state -------------------------------------------------------- */

/* posada_state.groups */
#define POSADA_STATE_REGS	(1U << 0)  /* @regs */
#define POSADA_STATE_SEGMENTS	(1U << 1)  /* @segments */
#define POSADA_STATE_CONTROL	(1U << 2)  /* @control */
#define POSADA_STATE_DEBUG	(1U << 3)  /* @debug */
#define POSADA_STATE_EVENTS	(1U << 4)  /* @events */
#define POSADA_STATE_MSRS	(1U << 5)  /* the array at @msrs */
#define POSADA_STATE_XSAVE	(1U << 6)  /* the area at @xsave */
#define POSADA_STATE_TSC	(1U << 7)  /* @tsc */
#define POSADA_STATE_DELIVERY	(1U << 8)  /* @events but for @vectors and @nmis, which
					    * other threads may be adding to
					    */

/**
 * struct posada_regs - general registers
 * @gpr: by number, POSADA_RAX .. POSADA_R15
 * @rip: instruction pointer
 * @rflags: bit 1 is always set; reserved bits are refused
 */
struct posada_regs {
	__u64 gpr[16];
	__u64 rip;
	__u64 rflags;
};

#define POSADA_SEGMENT_UNUSABLE	(1U << 16)

/**
 * struct posada_segment - a segment register with its hidden part
 * @base: linear base
 * @limit: in bytes, after scaling by G
 * @access: access rights as in the VMCS (SDM 3C 25.4.1, table 25-2)
 * @selector: the visible part
 * @reserved: 0
 */
struct posada_segment {
	__u64 base;
	__u32 limit;
	__u32 access;
	__u16 selector;
	__u16 reserved[3];
};

/**
 * struct posada_table - GDTR or IDTR
 * @base: linear base, canonical
 * @limit: 0..0xffff
 * @reserved: 0
 */
struct posada_table {
	__u64 base;
	__u32 limit;
	__u32 reserved;
};

/**
 * struct posada_segments - everything of segmentation
 * @es: ES
 * @cs: CS
 * @ss: SS
 * @ds: DS
 * @fs: FS
 * @gs: GS
 * @ldtr: LDTR
 * @tr: TR, always usable, of a busy type
 * @gdtr: GDTR
 * @idtr: IDTR
 */
struct posada_segments {
	struct posada_segment es;
	struct posada_segment cs;
	struct posada_segment ss;
	struct posada_segment ds;
	struct posada_segment fs;
	struct posada_segment gs;
	struct posada_segment ldtr;
	struct posada_segment tr;
	struct posada_table gdtr;
	struct posada_table idtr;
};

/**
 * struct posada_control - control registers
 * @cr0: as the guest reads it
 * @cr2: page-fault address
 * @cr3: page-table base
 * @cr4: as the guest reads it; only features of the CPUID table may be set
 * @cr8: task priority, 0..15
 * @efer: SCE, LME, LMA, NXE; LMA must be LME && CR0.PG
 * @xcr0: extended state; bit 0 set, a subset of posada_info.xcr0; 0 without XSAVE
 * @pdpte: the PDPTE registers, used with PAE paging outside IA-32e mode
 */
struct posada_control {
	__u64 cr0;
	__u64 cr2;
	__u64 cr3;
	__u64 cr4;
	__u64 cr8;
	__u64 efer;
	__u64 xcr0;
	__u64 pdpte[4];
};

/**
 * struct posada_debug - debug registers
 * @dr: DR0-DR3
 * @dr6: reserved bits as the CPU has them
 * @dr7: bits 63:32 clear
 */
struct posada_debug {
	__u64 dr[4];
	__u64 dr6;
	__u64 dr7;
};

/* posada_events.activity (SDM 3C 25.4.2) */
#define POSADA_ACTIVE	0
#define POSADA_HALTED	1
#define POSADA_SHUTDOWN	2	/* a triple fault happened; set another to revive */

/* posada_events.shadow (SDM 3C 25.4.2, table 25-3) */
#define POSADA_SHADOW_STI	(1U << 0)
#define POSADA_SHADOW_MOV_SS	(1U << 1)
#define POSADA_SHADOW_NMI	(1U << 3)  /* NMIs are blocked until IRET */

/**
 * struct posada_events - events that wait or are being delivered
 * @vectors: bit v%64 of word v/64: external interrupt v is queued; below 16 those
 *           of an offer whose delivery an exception broke off
 * @nmis: NMIs queued, 0..2
 * @activity: POSADA_ACTIVE, POSADA_HALTED or POSADA_SHUTDOWN
 * @shadow: POSADA_SHADOW_* bits
 * @event: an event whose delivery was broken off, or an exception that is
 *         queued: interruption information (SDM 3C 25.8.3), 0 if none
 * @event_error: its error code
 * @event_length: its instruction length (software interrupts and exceptions)
 * @pending_debug: pending debug exceptions (SDM 3C 25.4.2, table 25-4)
 */
struct posada_events {
	__u64 vectors[4];
	__u32 nmis;
	__u32 activity;
	__u32 shadow;
	__u32 event;
	__u32 event_error;
	__u32 event_length;
	__u64 pending_debug;
};

/**
 * struct posada_tsc - the time-stamp counter, exactly
 * @offset: guest TSC less host TSC, modulo 2^64
 * @adjust: IA32_TSC_ADJUST
 *
 * A guest that continues on the same host goes on in time with these; the MSRs
 * TSC and TSC_ADJUST are for another host.  Where SET is given both, these count.
 */
struct posada_tsc {
	__u64 offset;
	__u64 adjust;
};

/**
 * struct posada_msr - one model-specific register
 * @index: its address
 * @reserved: 0
 * @value: its value
 */
struct posada_msr {
	__u32 index;
	__u32 reserved;
	__u64 value;
};

/**
 * struct posada_state - POSADA_STATE_GET, POSADA_STATE_SET: vCPU state by group
 * @size: sizeof(struct posada_state)
 * @groups: POSADA_STATE_* bits: what to get or set; the rest is left alone
 * @nr_msrs: POSADA_STATE_MSRS: entries of @msrs, at most posada_info.max_msrs;
 *           without that group 0, as @msrs
 * @bad: out, SET: byte offset in this struct of the field that EINVAL is about;
 *       for an MSR, offsetof(msrs) with @bad_msr its position; ~0 for none
 * @bad_msr: out: position in @msrs of the MSR that EINVAL is about
 * @xsave_size: POSADA_STATE_XSAVE: bytes at @xsave, at least
 *              posada_info.xsave_size; without that group 0, as @xsave
 * @msrs: pointer to an array of struct posada_msr; GET reads the indices
 * @xsave: pointer to an XSAVE area in the standard format (SDM 1 13.4)
 * @regs: general registers
 * @segments: segmentation
 * @control: control registers
 * @debug: debug registers
 * @events: events
 * @tsc: time-stamp counter; a struct that ends before it is accepted
 *
 * SET checks everything before it changes anything.  What only the CPU can
 * judge (how the fields fit each other) is judged at the next RUN, which then
 * returns POSADA_EXIT_FAILED with the state as it was set.
 *
 * MSRs: TSC (10h), TSC_ADJUST (3Bh), SYSENTER_CS/ESP/EIP (174h-176h), PAT
 * (277h), MISC_ENABLE (1A0h), DEBUGCTL (1D9h), EFER (C0000080h), STAR, LSTAR,
 * CSTAR, FMASK (C0000081h-84h), FS_BASE, GS_BASE, KERNEL_GS_BASE (C0000100h-102h),
 * TSC_AUX (C0000103h, with RDTSCP); another is EINVAL.
 *
 * Errors: EFAULT, E2BIG, EINVAL, ENOSPC (@nr_msrs, @xsave_size), EBUSY (the
 * vCPU is running, or VMX was taken by another hypervisor), EIO (another mm).
 */
struct posada_state {
	__u32 size;
	__u32 groups;
	__u32 nr_msrs;
	__u32 bad;
	__u32 bad_msr;
	__u32 xsave_size;
	__u64 msrs;
	__u64 xsave;
	struct posada_regs regs;
	struct posada_segments segments;
	struct posada_control control;
	struct posada_debug debug;
	struct posada_events events;
	struct posada_tsc tsc;
};

#endif /* _UAPI_LINUX_POSADA_H */
