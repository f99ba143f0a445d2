// SPDX-License-Identifier: GPL-2.0
/* The user boundary: user pointers stop here. */
#include "ioctl.h"

#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/posada.h>

#include "cpu.h"
#include "cr.h"
#include "debug.h"
#include "explain.h"
#include "layout.h"
#include "state.h"
#include "trap.h"
#include "vcpu.h"
#include "vm.h"

#define MAX_MSRS	64

/* Room for the largest struct; the first word of each is its size. */
union argument {
	u32 size;
	struct posada_info info;
	struct posada_create_vm create_vm;
	struct posada_cpuid cpuid;
	struct posada_memory memory;
	struct posada_create_vcpu create_vcpu;
	struct posada_policy policy;
	struct posada_interrupt interrupt;
	struct posada_stats stats;
	struct posada_guest_debug guest_debug;
	struct posada_last_exits last_exits;
	struct posada_state state;
	struct posada_explain explain;
};

union small_argument {
	u32 size;
	struct posada_create_vm create_vm;
	struct posada_memory memory;
	struct posada_create_vcpu create_vcpu;
	struct posada_interrupt interrupt;
};

/*
 * One ioctl of one kind of file.  @handle gets the struct in kernel memory and
 * what the file stands for; the struct goes back to the program, also after an
 * error, if @back is set.  @min is the size that the struct had when it was
 * published: from there on programs may know less of it than the module does.
 */
struct row {
	unsigned int cmd;
	u32 size;
	u32 min;
	bool back;
	long (*handle)(void *object, union argument *arg);
};

#define ROW(name, type, both, function)	\
	{ POSADA_##name, sizeof(struct type), sizeof(struct type), both, function }

/* A struct that has grown, @first being the first field it did not have. */
#define ROW_GROWN(name, type, first, both, function)	\
	{ POSADA_##name, sizeof(struct type), offsetof(struct type, first), both, function }

static long with_copy(const struct row *row, void *object, void __user *user,
		      union argument *arg)
{
	long ret;
	u32 size;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < row->min)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(arg, row->size, user, size);
	if (ret)
		return ret;
	arg->size = size;	/* the program may have changed it in between */
	ret = row->handle(object, arg);
	if (row->back) {
		arg->size = size;
		if (copy_to_user(user, arg, min(size, row->size)))
			return -EFAULT;
	}
	return ret;
}

/* Kernels zero what is on the stack: a small struct should not pay for a large. */
static noinline long with_small(const struct row *row, void *object, void __user *user)
{
	union small_argument arg;

	return with_copy(row, object, user, (union argument *)&arg);
}

static noinline long with_large(const struct row *row, void *object, void __user *user)
{
	union argument arg;

	return with_copy(row, object, user, &arg);
}

/*
 * A request's number has the size of its struct as the program knows it, which may
 * be another than ours: the struct itself tells.
 */
static bool matches(const struct row *row, unsigned int cmd)
{
	return !((row->cmd ^ cmd) & (row->size ? ~IOCSIZE_MASK : ~0U));
}

static long dispatch(const struct row *rows, unsigned int nr, void *object,
		     unsigned int cmd, unsigned long user)
{
	const struct row *row = NULL;
	unsigned int i;

	for (i = 0; i < nr && !row; i++)
		if (matches(&rows[i], cmd))
			row = &rows[i];
	if (!row)
		return -ENOTTY;
	if (!row->size)
		return user ? -EINVAL : row->handle(object, NULL);
	if (row->size <= sizeof(union small_argument))
		return with_small(row, object, (void __user *)user);
	return with_large(row, object, (void __user *)user);
}

/* ---- vCPU -------------------------------------------------------------------------------- */

static int lock_idle(struct posada_vcpu *vcpu)
{
	return mutex_trylock(&vcpu->mutex) ? 0 : -EBUSY;
}

static long do_run(void *vcpu, union argument *unused)
{
	return vcpu_run(vcpu);
}

static long do_kick(void *object, union argument *unused)
{
	struct posada_vcpu *vcpu = object;

	set_bit(REQUEST_KICK, &vcpu->requests);
	vcpu_kick(vcpu);
	return 0;
}

static long do_interrupt(void *vcpu, union argument *arg)
{
	return inject_ioctl(vcpu, &arg->interrupt);
}

static long do_stats(void *object, union argument *arg)
{
	struct posada_vcpu *vcpu = object;
	struct posada_stats *stats = &arg->stats;
	int i;

	if (stats->reserved)
		return -EINVAL;
	*stats = vcpu->stats;
	stats->reserved = 0;
	/* Every entry that succeeded ended in one exit. */
	for (i = 0; i < POSADA_STATS_REASONS; i++)
		stats->entries += stats->exits[i];
	return 0;
}

/* The arrays that hang off a struct posada_state. */
struct state_arrays {
	struct posada_msr *msrs;
	void *xsave;
};

static void free_arrays(struct state_arrays *a)
{
	kvfree(a->msrs);
	kvfree(a->xsave);
}

static int copy_arrays(struct state_arrays *a, const struct posada_state *state, bool set)
{
	void __user *msrs = u64_to_user_ptr(state->msrs);
	void __user *xsave = u64_to_user_ptr(state->xsave);
	int err = 0;

	*a = (struct state_arrays) { };
	if (state->nr_msrs) {
		if (state->nr_msrs > MAX_MSRS)
			return -ENOSPC;
		a->msrs = vmemdup_user(msrs, state->nr_msrs * sizeof(*a->msrs));
		if (IS_ERR(a->msrs)) {
			err = PTR_ERR(a->msrs);
			a->msrs = NULL;
			return err;
		}
	}
	if (state->groups & POSADA_STATE_XSAVE) {
		if (state->xsave_size < fpu_size) {
			err = -ENOSPC;
			goto out_free_arrays;
		}
		a->xsave = kvmalloc(fpu_size, GFP_KERNEL_ACCOUNT);
		if (!a->xsave) {
			err = -ENOMEM;
			goto out_free_arrays;
		}
		if (set && copy_from_user(a->xsave, xsave, fpu_size)) {
			err = -EFAULT;
			goto out_free_arrays;
		}
	}
	return 0;

out_free_arrays:
	free_arrays(a);
	return err;
}

static int check_state(struct posada_vcpu *vcpu, struct posada_state *state)
{
	const u32 groups = POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL |
			   POSADA_STATE_DEBUG | POSADA_STATE_EVENTS | POSADA_STATE_MSRS |
			   POSADA_STATE_XSAVE | POSADA_STATE_TSC | POSADA_STATE_DELIVERY;

	state->bad = ~0U;
	state->bad_msr = ~0U;
	if (!vm_is_mine(vcpu->vm))
		return -EIO;
	if (state->groups & ~groups)
		return -EINVAL;
	if ((state->groups & POSADA_STATE_TSC) &&
	    state->size < offsetofend(struct posada_state, tsc))
		return -EINVAL;
	if (!(state->groups & POSADA_STATE_MSRS) && (state->nr_msrs || state->msrs))
		return -EINVAL;
	if (!(state->groups & POSADA_STATE_XSAVE) && (state->xsave_size || state->xsave))
		return -EINVAL;
	return 0;
}

static long do_state_get(void *object, union argument *arg)
{
	struct posada_state *state = &arg->state;
	struct posada_vcpu *vcpu = object;
	struct state_arrays arrays;
	int err = check_state(vcpu, state);

	if (!err)
		err = copy_arrays(&arrays, state, false);
	if (err)
		return err;
	err = lock_idle(vcpu);
	if (err)
		goto out_free_arrays;
	err = state_get(vcpu, state, arrays.msrs, arrays.xsave);
	mutex_unlock(&vcpu->mutex);

	if (!err && arrays.msrs &&
	    copy_to_user(u64_to_user_ptr(state->msrs), arrays.msrs,
			 state->nr_msrs * sizeof(*arrays.msrs)))
		err = -EFAULT;
	if (!err && arrays.xsave &&
	    copy_to_user(u64_to_user_ptr(state->xsave), arrays.xsave, fpu_size))
		err = -EFAULT;
out_free_arrays:
	free_arrays(&arrays);
	return err;
}

static long do_state_set(void *object, union argument *arg)
{
	struct posada_state *state = &arg->state;
	struct posada_vcpu *vcpu = object;
	struct state_arrays arrays;
	int err = check_state(vcpu, state);

	if (!err)
		err = copy_arrays(&arrays, state, true);
	if (err)
		return err;
	err = lock_idle(vcpu);
	if (!err) {
		err = state_set(vcpu, state, arrays.msrs, arrays.xsave);
		mutex_unlock(&vcpu->mutex);
	}
	free_arrays(&arrays);
	return err;
}

static int put_table(struct posada_cpuid *arg, const struct posada_cpuid_entry *entries, u32 nr)
{
	u32 room = arg->nr;

	arg->nr = nr;
	if (room < nr)
		return -ENOSPC;
	if (copy_to_user(u64_to_user_ptr(arg->entries), entries, nr * sizeof(*entries)))
		return -EFAULT;
	return 0;
}

static long do_cpuid_get(void *object, union argument *arg)
{
	struct posada_vcpu *vcpu = object;
	int err = mutex_lock_killable(&vcpu->mutex);

	if (err)
		return err;
	err = put_table(&arg->cpuid, vcpu->cpuid.entries, vcpu->cpuid.nr);
	mutex_unlock(&vcpu->mutex);
	return err;
}

static int set_table(struct posada_vcpu *vcpu, const struct posada_cpuid_entry *entries, u32 nr)
{
	struct cpuid table = { };
	int err = cpuid_set(&table, entries, nr);

	if (err)
		return err;
	err = vcpu_open(vcpu);
	if (err)
		goto out_free_table;
	if (cr4_valid(&table, cr4_read())) {
		swap(vcpu->cpuid, table);
		vcpu_cpuid_changed(vcpu);
	} else {
		err = -EINVAL;
	}
	vcpu_close(vcpu);
out_free_table:
	cpuid_free(&table);
	return err;
}

static long do_cpuid_set(void *object, union argument *arg)
{
	struct posada_cpuid_entry *entries;
	struct posada_vcpu *vcpu = object;
	u32 nr = arg->cpuid.nr;
	int err;

	if (nr > CPUID_MAX_ENTRIES)
		return -ENOSPC;
	entries = nr ? vmemdup_user(u64_to_user_ptr(arg->cpuid.entries),
				    nr * sizeof(*entries)) : NULL;
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	err = lock_idle(vcpu);
	if (!err) {
		err = set_table(vcpu, entries, nr);
		mutex_unlock(&vcpu->mutex);
	}
	kvfree(entries);
	return err;
}

static long do_guest_debug(void *vcpu, union argument *arg)
{
	return debug_ioctl(vcpu, &arg->guest_debug);
}

static long do_last_exits(void *vcpu, union argument *arg)
{
	struct posada_last_exits *last = &arg->last_exits;
	struct posada_last_exit *entries;
	int err;

	entries = kmalloc_array(POSADA_LAST_EXITS_MAX, sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;
	err = debug_last_exits(vcpu, last, entries);
	if (!err && copy_to_user(u64_to_user_ptr(last->entries), entries,
				 last->nr * sizeof(*entries)))
		err = -EFAULT;
	kfree(entries);
	return err;
}

/* What the checker says of a rule is what the program is told of it. */
static_assert(sizeof(struct posada_rule) == sizeof(struct entry_violation));
static_assert(offsetof(struct posada_rule, nr_fields) ==
	      offsetof(struct entry_violation, nr_fields));
static_assert(offsetof(struct posada_rule, field) == offsetof(struct entry_violation, field));
static_assert(offsetof(struct posada_rule, value) == offsetof(struct entry_violation, value));

/* Fields that the CPU has, and facts; counted only if @fields is NULL. */
static u32 list_fields(const struct explain *e, struct posada_field *fields)
{
	u32 i, nr = 0;

	for (i = 0; i < VMCS_NR_FIELDS + ENTRY_NR_FACTS; i++) {
		if (i < VMCS_NR_FIELDS && !e->image.there[i])
			continue;
		if (fields)
			fields[nr] = (struct posada_field){
				.encoding = entry_number(i),
				.value = i < VMCS_NR_FIELDS ? e->image.value[i] :
					 entry_fact(&e->cpu, i - VMCS_NR_FIELDS),
			};
		nr++;
	}
	return nr;
}

static int put_explain(const struct explain *e, struct posada_explain *arg)
{
	bool fits = arg->nr_rules >= e->nr_rules && arg->nr_fields >= list_fields(e, NULL);
	struct entry_violation *rules;
	struct posada_field *fields;
	int err = 0;

	arg->nr_rules = e->nr_rules;
	arg->nr_fields = list_fields(e, NULL);
	arg->instruction_error = e->instruction_error;
	arg->qualification = e->qualification;
	if (!fits)
		return -ENOSPC;

	rules = kvmalloc_array(arg->nr_rules + 1, sizeof(*rules), GFP_KERNEL_ACCOUNT);
	fields = kvmalloc_array(arg->nr_fields, sizeof(*fields), GFP_KERNEL_ACCOUNT);
	if (!rules || !fields) {
		err = -ENOMEM;
		goto out_free;
	}
	entry_check(&e->image, &e->cpu, rules, arg->nr_rules);
	list_fields(e, fields);
	if (copy_to_user(u64_to_user_ptr(arg->rules), rules, arg->nr_rules * sizeof(*rules)) ||
	    copy_to_user(u64_to_user_ptr(arg->fields), fields, arg->nr_fields * sizeof(*fields)))
		err = -EFAULT;
out_free:
	kvfree(fields);
	kvfree(rules);
	return err;
}

static long do_explain(void *object, union argument *arg)
{
	struct posada_vcpu *vcpu = object;
	int err = lock_idle(vcpu);

	if (err)
		return err;
	err = explain_valid(vcpu) ? put_explain(vcpu->explain, &arg->explain) : -ENOENT;
	mutex_unlock(&vcpu->mutex);
	return err;
}

static const struct row vcpu_rows[] = {
	{ POSADA_RUN, 0, 0, false, do_run },
	{ POSADA_KICK, 0, 0, false, do_kick },
	ROW(INTERRUPT, posada_interrupt, false, do_interrupt),
	ROW(STATS, posada_stats, true, do_stats),
	ROW(GUEST_DEBUG, posada_guest_debug, false, do_guest_debug),
	ROW(LAST_EXITS, posada_last_exits, true, do_last_exits),
	ROW(EXPLAIN, posada_explain, true, do_explain),
	ROW_GROWN(STATE_GET, posada_state, tsc, true, do_state_get),
	ROW_GROWN(STATE_SET, posada_state, tsc, true, do_state_set),
	ROW(CPUID_GET, posada_cpuid, true, do_cpuid_get),
	ROW(CPUID_SET, posada_cpuid, false, do_cpuid_set),
};

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	/* The one that matters: past the table, past the copy. */
	if (likely(cmd == POSADA_RUN && !arg))
		return vcpu_run(file->private_data);
	return dispatch(vcpu_rows, ARRAY_SIZE(vcpu_rows), file->private_data, cmd, arg);
}

static vm_fault_t run_page_fault(struct vm_fault *vmf)
{
	struct posada_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(vcpu->run);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct run_page_ops = {
	.fault = run_page_fault,
};

/* The mapping holds the file, and the file the vCPU. */
static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &run_page_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	vcpu_destroy(file->private_data);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

/* ---- VM ------------------------------------------------------------------------------------ */

static long do_memory(void *object, union argument *arg)
{
	struct posada_memory *memory = &arg->memory;
	struct posada_memory_op *ops;
	struct posada_vm *vm = object;
	int err;

	memory->bad_op = ~0U;
	if (!vm_is_mine(vm))
		return -EIO;
	if (memory->flags || !memory->nr || memory->nr > POSADA_MEMORY_MAX_OPS)
		return -EINVAL;
	ops = vmemdup_user(u64_to_user_ptr(memory->ops), memory->nr * sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);
	err = mem_change(&vm->mem, ops, memory->nr, &memory->bad_op);
	kvfree(ops);
	return err;
}

/* A file for an object; on error the object is gone. */
static long publish(const char *name, const struct file_operations *fops, void *object,
		    void (*undo)(void *object))
{
	int fd = anon_inode_getfd(name, fops, object, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		undo(object);
	return fd;
}

static void undo_vcpu(void *vcpu)
{
	vcpu_destroy(vcpu);
}

static long do_create_vcpu(void *object, union argument *arg)
{
	const struct posada_create_vcpu *create = &arg->create_vcpu;
	struct posada_vm *vm = object;
	struct posada_vcpu *vcpu;

	if (!vm_is_mine(vm))
		return -EIO;
	if (create->flags || create->reserved || create->id >= VM_MAX_VCPUS)
		return -EINVAL;
	vcpu = vcpu_create(vm, array_index_nospec(create->id, VM_MAX_VCPUS));
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	return publish("posada-vcpu", &vcpu_fops, vcpu, undo_vcpu);
}

static long do_policy_get(void *vm, union argument *arg)
{
	struct posada_policy *policy = &arg->policy;
	u32 room = policy->nr, nr;
	struct posada_trap *traps;
	int err = 0;

	if (policy->reserved)
		return -EINVAL;
	traps = trap_get(vm, &nr);
	if (IS_ERR(traps))
		return PTR_ERR(traps);
	policy->nr = nr;
	if (room < nr)
		err = -ENOSPC;
	else if (copy_to_user(u64_to_user_ptr(policy->traps), traps, nr * sizeof(*traps)))
		err = -EFAULT;
	kvfree(traps);
	return err;
}

static long do_policy_set(void *vm, union argument *arg)
{
	struct posada_policy *policy = &arg->policy;
	struct posada_trap *traps = NULL;
	int err;

	if (policy->reserved)
		return -EINVAL;
	policy->bad = ~0U;
	memset(policy->why, 0, sizeof(policy->why));
	if (policy->nr > POSADA_POLICY_MAX_TRAPS)
		return -ENOSPC;
	if (policy->nr)
		traps = vmemdup_user(u64_to_user_ptr(policy->traps),
				     policy->nr * sizeof(*traps));
	if (IS_ERR(traps))
		return PTR_ERR(traps);
	err = trap_set(vm, traps, policy);
	kvfree(traps);
	return err;
}

static const struct row vm_rows[] = {
	ROW(POLICY_GET, posada_policy, true, do_policy_get),
	ROW(POLICY_SET, posada_policy, true, do_policy_set),
	ROW(MEMORY, posada_memory, true, do_memory),
	ROW(CREATE_VCPU, posada_create_vcpu, false, do_create_vcpu),
};

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return dispatch(vm_rows, ARRAY_SIZE(vm_rows), file->private_data, cmd, arg);
}

static int vm_release(struct inode *inode, struct file *file)
{
	vm_put(file->private_data);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

/* ---- device -------------------------------------------------------------------------------- */

static long do_info(void *unused, union argument *arg)
{
	struct posada_info *info = &arg->info;
	u64 features = cpu_features();

	if (info->reserved)
		return -EINVAL;
	if (vmx_caps.vpid)
		features |= POSADA_FEATURE_VPID;
	if (vmx_caps.ept_2m)
		features |= POSADA_FEATURE_EPT_2M;
	if (vmx_caps.ept_1g)
		features |= POSADA_FEATURE_EPT_1G;
	if (vmx_caps.timer)
		features |= POSADA_FEATURE_PREEMPTION_TIMER;
	if (fpu_mask)
		features |= POSADA_FEATURE_XSAVE;
	if (vmx_caps.rdtscp)
		features |= POSADA_FEATURE_RDTSCP;
	if (vmx_caps.invpcid)
		features |= POSADA_FEATURE_INVPCID;
	features |= POSADA_FEATURE_VIRTUAL_NMI;

	*info = (struct posada_info) {
		.abi_version = POSADA_ABI_VERSION,
		.features = features,
		.holder = cpu_holder(),
		.way = cpu_way(),
		.max_vcpus = VM_MAX_VCPUS,
		.max_ranges = LAYOUT_MAX_RANGES,
		.gpa_bits = min_t(u32, boot_cpu_data.x86_phys_bits, EPT_GPA_BITS),
		.run_size = PAGE_SIZE,
		.xsave_size = fpu_size,
		.vmcs_revision = vmx_caps.revision,
		.xcr0 = fpu_mask,
		.cpus_online = num_online_cpus(),
		.max_cpuid = CPUID_MAX_ENTRIES,
		.max_msrs = MAX_MSRS,
	};
	return 0;
}

static void undo_vm(void *vm)
{
	vm_put(vm);
}

static long do_create_vm(void *unused, union argument *arg)
{
	struct posada_vm *vm;

	if (arg->create_vm.flags)
		return -EINVAL;
	vm = vm_create();
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	return publish("posada-vm", &vm_fops, vm, undo_vm);
}

static long do_cpuid_supported(void *unused, union argument *arg)
{
	const struct posada_cpuid_entry *entries;
	u32 nr;

	entries = cpuid_supported(&nr);
	return put_table(&arg->cpuid, entries, nr);
}

static const struct row device_rows[] = {
	ROW(INFO, posada_info, true, do_info),
	ROW(CREATE_VM, posada_create_vm, false, do_create_vm),
	ROW(CPUID_SUPPORTED, posada_cpuid, true, do_cpuid_supported),
};

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return dispatch(device_rows, ARRAY_SIZE(device_rows), NULL, cmd, arg);
}

const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};
