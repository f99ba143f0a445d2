# SPDX-License-Identifier: GPL-2.0
# The tests that run where they are built: pure code, with sanitizers.
#
# Pure kernel code is compiled for a process, with host/shim in place of the
# kernel's headers.

KERNEL_HEADERS := $(lastword $(sort $(wildcard /usr/src/linux-headers-*-common)))
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HOST := $(OBJ)/host

host_tests := $(sort $(basename $(wildcard host/*.c)))

# What each test is linked with.
module_layout  := layout
module_combine := combine
module_caps    := caps
module_ept     := ept
module_entry_check := entry_check
lib_memory     := memory
lib_state      := state
lib_snapshot   := snapshot state
lib_explain    := explain entry_check libposada exitname
lib_walk       := memory walk
lib_task_switch := memory walk task_switch
lib_emulate    := decode emulate
lib_policy     := policy
posada_policy  := preset
lib_gdb        := memory walk flagname
posada_gdb     := gdb_packet gdb_memory gdb_breaks gdb_regs gdb_step
posada_images  := boot image load_bzimage load_elf load_flat load_linux load_multiboot ram cli clock
lib_images     := memory mode
libs_emulate   := -lZydis -lZycore


host: $(host_tests:%=$(OUT)/%)

$(HOST)/%.o: host/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) $(WARN) $(INCLUDE) -I.. -I../tools/lib -I../tools/posada \
		$(if $(module_$*),-Ihost/shim -I../module) -MMD -MP -c -o $@ $<

$(HOST)/module/%.o: ../module/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -Wall -Werror -std=gnu11 -Ihost/shim -I../uapi \
		-DKERNEL_ASM_VMX_H='"$(KERNEL_HEADERS)/arch/x86/include/asm/vmx.h"' \
		-DKERNEL_ASM_VMXFEATURES_H='"$(KERNEL_HEADERS)/arch/x86/include/asm/vmxfeatures.h"' \
		-MMD -MP -c -o $@ $<

$(HOST)/lib/%.o: ../tools/lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -D_GNU_SOURCE -std=gnu11 -I../uapi -I../tools/lib -MMD -MP -c -o $@ $<

$(HOST)/posada/%.o: ../tools/posada/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -D_GNU_SOURCE -std=gnu11 -I../uapi -I../tools/lib -MMD -MP -c -o $@ $<

define host_program
$(OUT)/host/$(1): $(HOST)/$(1).o $(module_$(1):%=$(HOST)/module/%.o) \
		$(lib_$(1):%=$(HOST)/lib/%.o) $(posada_$(1):%=$(HOST)/posada/%.o)
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -o $$@ $$^ $(libs_$(1))
endef
$(foreach test,$(host_tests),$(eval $(call host_program,$(notdir $(test)))))

check: host
	@for test in $(host_tests); do $(OUT)/$$test || exit 1; done

-include $(wildcard $(HOST)/*.d $(HOST)/*/*.d)
