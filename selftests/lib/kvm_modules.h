/* SPDX-License-Identifier: GPL-2.0 */
/* KVM's modules, for tests of the two side by side. */
#ifndef SELFTESTS_KVM_MODULES_H
#define SELFTESTS_KVM_MODULES_H

/* kvm_load: NULL when /dev/kvm is there, else why not. */
const char *kvm_load(void);

/* kvm_unload: the one that holds VMX; from 6.12 on as long as it is loaded. */
void kvm_unload(void);

/* kvm_release: the same, if this process loaded it and it would keep VMX without a VM. */
void kvm_release(void);

#endif /* SELFTESTS_KVM_MODULES_H */
