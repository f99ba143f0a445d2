# shellcheck shell=bash
# What every script of the test machine needs: where things are, and how to
# speak. Source it; it defines functions and variables and does nothing else.

MACHINE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOP=$(cd "$MACHINE_DIR/../.." && pwd)
BUILD=$TOP/build
CACHE=${POSADA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/posada}

# say, die: to standard error, for standard output belongs to the machine.
say() { printf '%s: %s\n' "${PROG:-machine}" "$*" >&2; }

die() {
	say "$*"
	exit 2
}

# kernel_releases: the releases the cache holds an image of, newest last.
kernel_releases() {
	local dir
	for dir in "$CACHE"/kernel/*/; do
		[[ -e $dir/boot ]] && basename "$dir"
	done | sort -V
}

# kernel_release: the newest one that can be booted and built for: its image is
# in the cache and its headers, of the same package version, are installed.
# (A module built with other headers is refused or, worse, is not.)
kernel_release() {
	local release found=
	while read -r release; do
		[[ $(kernel_image_version "$release") == "$(kernel_headers_version "$release")" ]] &&
			found=$release
	done < <(kernel_releases)
	[[ $found ]] || return 1
	echo "$found"
}

kernel_image_version() {
	cat "$CACHE/kernel/$1/version" 2>/dev/null
}

kernel_headers_version() {
	dpkg-query -W -f '${db:Status-Status} ${Version}\n' "linux-headers-$1" 2>/dev/null |
		sed -n 's/^installed //p'
}

# The debug kernel (debug-kernel.sh) is of no package: its release is "debug".
kernel_headers_dir() {
	if [[ $1 == debug ]]; then echo "$CACHE/debug-kernel/linux"; else echo "/usr/src/linux-headers-$1"; fi
}

kernel_image() {
	if [[ $1 == debug ]]; then
		echo "$CACHE/debug-kernel/linux/arch/x86/boot/bzImage"
	else
		echo "$CACHE/kernel/$1/boot/vmlinuz-$1"
	fi
}
