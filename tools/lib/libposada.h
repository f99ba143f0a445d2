/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libposada: one short function per ioctl of /dev/posada.
 *
 * Every function returns 0 (or a file descriptor, where it makes one) or a
 * negative errno; the meaning of each errno is in <linux/posada.h>.  Nothing
 * here keeps state, prints or exits, and all of it may be called from any
 * thread unless the uAPI says otherwise.
 */
#ifndef POSADA_LIBPOSADA_H
#define POSADA_LIBPOSADA_H

#include <stddef.h>
#include <stdint.h>

#include <linux/posada.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POSADA_DEVICE "/dev/posada"

/**
 * posada_ioctl() - the raw call, with the result as a negative errno
 * @fd: any of the three kinds of file
 * @request: POSADA_*
 * @arg: pointer to the request's struct, or NULL for a request without one
 */
int posada_ioctl(int fd, unsigned long request, void *arg);

/* ---- device ------------------------------------------------------------ */

/**
 * posada_open() - open the device
 *
 * Return: a close-on-exec descriptor, or -ENOENT (module not loaded), -EACCES...
 */
int posada_open(void);

/** posada_info() - versions, limits, features; fills all of @info */
int posada_info(int dev, struct posada_info *info);

/**
 * posada_cpuid_supported() - what this host can give a guest
 * @dev: device descriptor
 * @entries: room for *@nr entries
 * @nr: in: room; out: entries the table has, also with -ENOSPC
 */
int posada_cpuid_supported(int dev, struct posada_cpuid_entry *entries, uint32_t *nr);

/** posada_create_vm() - Return: a VM descriptor or -errno */
int posada_create_vm(int dev);

/* ---- VM ---------------------------------------------------------------- */

/**
 * posada_memory() - change the guest-physical layout, all or nothing
 * @vm: VM descriptor
 * @ops: operations, applied in order
 * @nr: 1..POSADA_MEMORY_MAX_OPS
 * @bad: NULL, or out: index of the operation that an error is about, else ~0
 */
int posada_memory(int vm, const struct posada_memory_op *ops, uint32_t nr, uint32_t *bad);

/** posada_memory_map() - back [@gpa, @gpa + @length) with @hva; @flags: POSADA_MEMORY_* */
int posada_memory_map(int vm, uint64_t gpa, uint64_t length, void *hva, uint32_t flags);

/** posada_memory_unmap() - drop what is mapped in [@gpa, @gpa + @length) */
int posada_memory_unmap(int vm, uint64_t gpa, uint64_t length);

/**
 * posada_policy_get() - the trap policy, the rows of the module behind those set
 * @vm: VM descriptor
 * @traps: room for *@nr rows
 * @nr: in: room; out: rows the policy has, also with -ENOSPC
 */
int posada_policy_get(int vm, struct posada_trap *traps, uint32_t *nr);

/**
 * posada_policy_set() - replace the rows of the trap policy, all or nothing
 * @vm: VM descriptor
 * @traps: rows, the first that matches decides; with flags and hits 0
 * @nr: 0..POSADA_POLICY_MAX_TRAPS
 * @bad: NULL, or out: position of the row that an error is about, else ~0
 * @why: NULL, or POSADA_POLICY_WHY bytes, out: in words, why that row cannot be
 */
int posada_policy_set(int vm, const struct posada_trap *traps, uint32_t nr, uint32_t *bad,
		      char *why);

/** posada_create_vcpu() - Return: a vCPU descriptor or -errno */
int posada_create_vcpu(int vm, uint32_t id);

/* ---- vCPU: running ------------------------------------------------------ */

/**
 * posada_run_page() - map the run page of a vCPU
 * @vcpu: vCPU descriptor
 * @size: posada_info.run_size
 * @run: out: the page; posada_run_page_unmap() undoes it
 */
int posada_run_page(int vcpu, size_t size, struct posada_run **run);

/** posada_run_page_unmap() - undo posada_run_page() */
int posada_run_page_unmap(struct posada_run *run, size_t size);

/** posada_run() - enter the guest; the run page tells why it returned 0 */
int posada_run(int vcpu);

/** posada_kick() - make the running RUN, or else the next, return */
int posada_kick(int vcpu);

/** posada_interrupt() - queue any event; sets @event->size */
int posada_interrupt(int vcpu, struct posada_interrupt *event);

/** posada_inject_vector() - queue an external interrupt, 16..255 */
int posada_inject_vector(int vcpu, uint32_t vector);

/** posada_inject_nmi() - queue an NMI */
int posada_inject_nmi(int vcpu);

/** posada_inject_exception() - queue a fault that pushes no error code */
int posada_inject_exception(int vcpu, uint32_t vector);

/** posada_inject_exception_error() - queue a fault that pushes @error_code */
int posada_inject_exception_error(int vcpu, uint32_t vector, uint32_t error_code);

/** posada_inject_page_fault() - queue a #PF with CR2 = @address */
int posada_inject_page_fault(int vcpu, uint64_t address, uint32_t error_code);

/** posada_stats() - what the vCPU has done; fills all of @stats */
int posada_stats(int vcpu, struct posada_stats *stats);

/* ---- vCPU: looking in --------------------------------------------------- */

/** posada_guest_debug() - stepping, breakpoints, a log of exits; sets @debug->size */
int posada_guest_debug(int vcpu, struct posada_guest_debug *debug);

/**
 * posada_last_exits() - the last exits, oldest first
 * @vcpu: vCPU descriptor
 * @entries: room for *@nr entries; POSADA_LAST_EXITS_MAX is enough
 * @nr: in: room; out: how many were written
 * @total: NULL, or out: how many were logged in all
 */
int posada_last_exits(int vcpu, struct posada_last_exit *entries, uint32_t *nr, uint64_t *total);

/** posada_explain() - why the last entry failed; sets @explain->size */
int posada_explain(int vcpu, struct posada_explain *explain);

/* ---- vCPU: state -------------------------------------------------------- */

/**
 * posada_state_get() - read groups of state
 * @vcpu: vCPU descriptor
 * @state: out; with POSADA_STATE_MSRS or POSADA_STATE_XSAVE the caller has set
 *         @msrs and @nr_msrs, or @xsave and @xsave_size
 * @groups: POSADA_STATE_* bits
 */
int posada_state_get(int vcpu, struct posada_state *state, uint32_t groups);

/** posada_state_set() - write groups of state, all or nothing; see @state->bad */
int posada_state_set(int vcpu, struct posada_state *state, uint32_t groups);

/** posada_msrs_get() - read @nr MSRs; @msrs[].index is given */
int posada_msrs_get(int vcpu, struct posada_msr *msrs, uint32_t nr);

/**
 * posada_msrs_set() - write @nr MSRs, all or nothing
 * @vcpu: vCPU descriptor
 * @msrs: what to write
 * @nr: how many
 * @bad: NULL, or out: position of the MSR that -EINVAL is about, else ~0
 */
int posada_msrs_set(int vcpu, const struct posada_msr *msrs, uint32_t nr, uint32_t *bad);

/** posada_msr_get() - read one MSR */
int posada_msr_get(int vcpu, uint32_t index, uint64_t *value);

/** posada_msr_set() - write one MSR */
int posada_msr_set(int vcpu, uint32_t index, uint64_t value);

/** posada_xsave_get() - read the XSAVE area; @size at least posada_info.xsave_size */
int posada_xsave_get(int vcpu, void *area, uint32_t size);

/** posada_xsave_set() - write the XSAVE area */
int posada_xsave_set(int vcpu, const void *area, uint32_t size);

/** posada_cpuid_get() - the vCPU's CPUID table; as posada_cpuid_supported() */
int posada_cpuid_get(int vcpu, struct posada_cpuid_entry *entries, uint32_t *nr);

/** posada_cpuid_set() - replace the vCPU's CPUID table */
int posada_cpuid_set(int vcpu, const struct posada_cpuid_entry *entries, uint32_t nr);

#ifdef __cplusplus
}
#endif

#endif /* POSADA_LIBPOSADA_H */
