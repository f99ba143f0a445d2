#!/usr/bin/env bash
# headers: each header compiles alone, and twice: those of the driver as the
# kernel compiles them, those of the tools as the tools, and the ABI for programs
# of 64 and of 32 bits and in C++, without padding that nobody named.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

dir=$OUT/headers
failed=0

# In the kernel: one source for each, without making a module of them.
in_kernel() {
	local kdir header name objects=()
	kdir=$(kernel_dir) || skip "no kernel headers: make deps"
	rm -rf "$dir"
	mkdir -p "$dir"
	files module uapi | cpio -pdm --quiet "$dir"
	while read -r header; do
		name=$(tr /. __ <<<"${header%.h}")
		printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$dir/$name.c"
		objects+=("$name.o")
	done < <(files 'module/*.h' 'uapi/*.h')
	{
		echo "obj-m := ${objects[*]}"
		# shellcheck disable=SC2016 # for make
		echo 'ccflags-y := -I$(src) -I$(src)/uapi -I$(src)/module -Wno-missing-prototypes'
	} >"$dir/Kbuild"
	make -k -j2 -s -C "$kdir" M="$dir" W=1 "${objects[@]}" >"$OUT/headers.make" 2>&1 || failed=1
	sed -n "s,^$dir/,,; /error:/p; /warning: [^t]/p" "$OUT/headers.make" | sort -u >"$OUT/headers.found"
	[[ ! -s $OUT/headers.found ]] || failed=1
	cat "$OUT/headers.found"
}

# alone HEADER COMPILER...
alone() {
	local header=$1
	shift
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		"$@" -fsyntax-only -Wall -Wextra -Werror -I. -Iuapi - || failed=1
}

in_userspace() {
	local header wide=(gcc -x c -std=gnu11 -Wpadded -pedantic)
	local cxx=(g++ -x c++ -std=c++17)
	# The kernel's headers are the same for both; they need no multilib.
	local narrow=(-m32 -idirafter "/usr/include/$(gcc -print-multiarch)")

	while read -r header; do
		alone "$header" "${wide[@]}"
		alone "$header" "${wide[@]}" "${narrow[@]}"
		alone "$header" "${cxx[@]}"
		alone "$header" "${cxx[@]}" "${narrow[@]}"
	done < <(files 'uapi/*.h')
	while read -r header; do
		alone "$header" gcc -x c -std=gnu11 -D_GNU_SOURCE -Itools/lib
	done < <(files 'tools/lib/*.h' 'tools/posada/*.h')
}

need gcc build-essential
need g++ build-essential
in_kernel
in_userspace
exit "$failed"
