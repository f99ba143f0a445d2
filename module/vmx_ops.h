/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMX instructions (SDM 3C chapter 31), one inline function each.
 *
 * All but vmx_on() need VMX operation, those on a VMCS field a current VMCS.
 * A fault (VMX was turned off under us on the way to a reboot) is caught: reads
 * give 0, the others -EIO.
 */
#ifndef POSADA_VMX_OPS_H
#define POSADA_VMX_OPS_H

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <asm/asm.h>
#include <asm/vmx.h>

/* One operand in memory; VMfailInvalid and VMfailValid both set CF or ZF. */
#define VMX_OP_MEM(name, insn)						\
static __always_inline int name(u64 pa)					\
{									\
	asm goto("1: " insn " %[pa]\n\tjna %l[fail]\n\t"		\
		 _ASM_EXTABLE(1b, %l[fail])				\
		 : : [pa] "m" (pa) : "cc", "memory" : fail);		\
	return 0;							\
fail:									\
	return -EIO;							\
}

VMX_OP_MEM(vmx_on, "vmxon")
VMX_OP_MEM(vmx_clear, "vmclear")
VMX_OP_MEM(vmx_ptrld, "vmptrld")

static __always_inline int vmx_off(void)
{
	asm goto("1: vmxoff\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 : : : "cc", "memory" : fault);
	return 0;
fault:
	return -EIO;
}

/* For registers that are there: no call, no exception table. */
static __always_inline u64 msr_get(u32 index)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (index));
	return low | (u64)high << 32;
}

static __always_inline void msr_put(u32 index, u64 value)
{
	asm volatile("wrmsr" : : "c" (index), "a" ((u32)value), "d" ((u32)(value >> 32))
		     : "memory");
}

static __always_inline u64 vmcs_read(unsigned long field)
{
	unsigned long value;

	asm volatile("1: vmread %[field], %[value]\n"
		     "2:\n\t"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_ZERO_REG, %[value])
		     : [value] "=r" (value) : [field] "r" (field) : "cc");
	return value;
}

/* Of a field that this CPU may not have; VM_INSTRUCTION_ERROR is lost if so. */
static __always_inline bool vmcs_try_read(unsigned long field, u64 *value)
{
	unsigned long read = 0;
	bool there = false;

	asm volatile("1: vmread %[field], %[read]\n\t"
		     "seta %[there]\n"
		     "2:\n\t"
		     _ASM_EXTABLE(1b, 2b)
		     : [read] "+r" (read), [there] "+q" (there)
		     : [field] "r" (field) : "cc");
	*value = there ? read : 0;
	return there;
}

void vmcs_write_failed(unsigned long field, u64 value);

static __always_inline void vmcs_write(unsigned long field, u64 value)
{
	asm goto("1: vmwrite %[value], %[field]\n\tjna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : [field] "r" (field), [value] "rm" (value) : "cc" : fail);
	return;
fail:
	vmcs_write_failed(field, value);
}

/* INVEPT and INVVPID types (SDM 3C 31.3) */
#define INVALIDATE_SINGLE	1
#define INVALIDATE_ALL		2

/* Cached translations of one EPT pointer, or of all with INVALIDATE_ALL. */
static __always_inline int vmx_invept(unsigned long type, u64 eptp)
{
	struct { u64 eptp, zero; } operand = { eptp, 0 };

	asm goto("1: invept %[operand], %[type]\n\tjna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : [operand] "m" (operand), [type] "r" (type)
		 : "cc", "memory" : fail);
	return 0;
fail:
	return -EIO;
}

static __always_inline int vmx_invvpid(unsigned long type, u16 vpid)
{
	struct { u64 vpid, gva; } operand = { vpid, 0 };

	asm goto("1: invvpid %[operand], %[type]\n\tjna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : [operand] "m" (operand), [type] "r" (type)
		 : "cc", "memory" : fail);
	return 0;
fail:
	return -EIO;
}

#endif /* POSADA_VMX_OPS_H */
