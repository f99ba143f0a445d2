#!/usr/bin/env bash
# symbols: what the driver asks of the kernel is in symbols.allow, which says for
# each symbol where it was seen to be open to modules. Looks at what build made.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

ko=$OUT/build/posada.ko
kdir=$(kernel_dir) || skip "no kernel headers: make deps"
[[ -e $ko ]] || skip "the driver was not built: run build first"
release=$(cat "$kdir/include/config/kernel.release")

nm -u "$ko" | awk -v release="$release" -v list="$LINT/symbols.allow" '
	function number(version, part) {
		split(version, part, ".")
		return part[1] * 1000 + part[2]
	}
	BEGIN {
		while ((getline line < list) > 0) {
			if (line ~ /^\[/)
				until = line ~ /^\[before / ? number(substr(line, 9)) : 0
			sub(/[[:space:]]*#.*/, "", line)
			if (line ~ /^[^[]/)
				limit[line] = until
		}
	}
	{
		if (!($2 in limit))
			print "posada.ko: " $2 " is not in tools/lint/symbols.allow"
		else if (limit[$2] && number(release) >= limit[$2])
			print "posada.ko: " $2 " is for older kernels only, and this is " release
		else
			next
		bad = 1
	}
	END { exit bad }'
