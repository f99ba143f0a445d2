# SPDX-License-Identifier: GPL-2.0
# The tests that run where they are built: pure code, with sanitizers.

host_tests := $(sort $(basename $(wildcard host/*.c)))

host: $(host_tests:%=$(OUT)/%)

check: host
	@for test in $(host_tests); do $(OUT)/$$test || exit 1; done
