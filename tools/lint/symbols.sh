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
	BEGIN {
		while ((getline line < list) > 0) {
			if (line ~ /^\[/)
				old = line ~ /^\[6\.x/
			sub(/[[:space:]]*#.*/, "", line)
			if (line ~ /^[^[]/)
				section[line] = old ? "6.x" : "open"
		}
		split(release, version, ".")
	}
	{
		if (!($2 in section))
			print "posada.ko: " $2 " is not in tools/lint/symbols.allow"
		else if (section[$2] == "6.x" && version[1] > 6)
			print "posada.ko: " $2 " is for 6.x only, and this is " release
		else
			next
		bad = 1
	}
	END { exit bad }'
