#!/usr/bin/env bash
# build: the driver and selftests/entry_fuzz compile with all the warnings that the
# kernel's build knows (W=1), sparse (C=2) and objtool, and none of them has anything to
# say.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

dir=$OUT/build
kdir=$(kernel_dir) || skip "no kernel headers: make deps"
need sparse sparse

# A copy: the tree's own objects stay as they are.
rm -rf "$dir"
mkdir -p "$dir"
files Kbuild module uapi selftests/entry_fuzz | cpio -pdm --quiet "$dir"

# About the installation, not about the source.
benign='compiler differs from the one used to build the kernel'
benign+='|The kernel was built by:|You are using:|Skipping BTF generation|pahole'

status=0
: >"$OUT/build.warnings"
for each in "$dir" "$dir/selftests/entry_fuzz"; do
	make -j2 -C "$kdir" M="$each" W=1 C=2 CHECK="sparse -Wsparse-error" modules \
		>"$OUT/build.make" 2>>"$OUT/build.warnings" || status=1
done
sed "s,$dir/,,g" "$OUT/build.warnings" | grep -vE "$benign" && status=1
exit "$status"
