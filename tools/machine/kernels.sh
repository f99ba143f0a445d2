#!/usr/bin/env bash
# kernels.sh: build the driver for other kernels than the one that is tested.
#
# Usage: tools/machine/kernels.sh [--list | --help] [SUITE ...]
#
#   --list   print the suites that are looked at by default, and stop
#   SUITE    a suite of Debian's archive: trixie, sid, trixie-backports ...
#
# For each suite: fetches the headers of its cloud kernel and the compiler they
# want from the mirror that this computer's apt uses, unpacks them under
# ${POSADA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/posada}/kernels (half a gigabyte
# each; nothing is installed), builds there with W=1, and compares what the module
# asks of the kernel with what that kernel opens to any module. Prints a line for
# each kernel:
#
#   trixie: 6.12.107+deb13-cloud-amd64: built, 119 symbols, all open
#   sid: SKIP the reason
#   sid: 7.2.13+deb14-cloud-amd64: FAIL the reason; the log is in ...
#
# Exit status: 0 when something was built and nothing failed, 1 when something
# failed, 4 when all was skipped.
set -eu -o pipefail

PROG=kernels
. "$(dirname "$0")/lib/common.sh"
. "$MACHINE_DIR/lib/archive.sh"

SUITES=(bookworm trixie trixie-backports sid)

# What a build needs beside the headers, which bring their compiler themselves
# (but 6.1 means the default one).
PACKAGES=(linux-headers-cloud-amd64 base-files bash coreutils dash findutils gawk gcc grep make perl sed)

BUILT=0
FAILED=0

main() {
	case ${1-} in
	--list) printf '%s\n' "${SUITES[@]}" && exit ;;
	-*) usage "$1" ;;
	esac
	[[ $# -gt 0 ]] || set -- "${SUITES[@]}"
	mkdir -p "$CACHE/kernels"
	# Two at once would unpack into the same places.
	exec 9>"$CACHE/kernels/lock"
	flock 9
	local suite
	for suite; do
		report "$suite"
	done
	[[ $FAILED -eq 0 ]] || exit 1
	[[ $BUILT -gt 0 ]] || exit 4
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 2
}

# report SUITE: the line, and the count.
report() {
	local suite=$1 dir=$CACHE/kernels/$1 why
	if ! why=$(lacking "$suite"); then
		echo "$suite: SKIP $why"
		return
	fi
	mkdir -p "$dir"
	if ! fetch "$suite" "$dir" && [[ ! -e $dir/complete ]]; then
		echo "$suite: SKIP its headers cannot be had; see $dir/apt.log"
		return
	fi
	if why=$(build "$dir") && why=$(symbols "$dir"); then
		BUILT=$((BUILT + 1))
		echo "$suite: $(release "$dir"): built, $why"
	else
		FAILED=$((FAILED + 1))
		echo "$suite: $(release "$dir"): FAIL $why"
	fi
}

# lacking SUITE: why it cannot be tried here, if so.
lacking() {
	[[ $1 =~ ^[a-z-]+$ ]] || { echo "no suite has such a name" && return 1; }
	archive_lacking || return
	unshare -r --mount --pid --fork true 2>/dev/null || { echo "no user namespaces here" && return 1; }
}

# ---- the headers, and what they are built with -----------------------------------

# fetch SUITE DIR: leaves DIR/root as it is if it is what the archive has today.
fetch() {
	local suite=$1 dir=$2 suites=("${1%-backports}") version
	[[ $suite == *-backports ]] && suites+=("$suite")
	archive_configure "$dir" amd64 "${suites[@]}"
	archive_apt "$dir" update || return
	version=$(candidate "$suite" "$dir")
	[[ $version ]] || return
	[[ $version == "$(cat "$dir/complete" 2>/dev/null)" ]] && return
	say "$suite: fetching linux-headers-cloud-amd64 $version and what builds with it"
	archive_apt "$dir" -y --download-only -t "$suite" install "${PACKAGES[@]}" || return
	unpack "$dir" || return
	echo "$version" >"$dir/complete"
}

candidate() {
	APT_CONFIG=$2/apt.conf apt-get -s -t "$1" install linux-headers-cloud-amd64 2>/dev/null |
		sed -n 's/^Inst linux-headers-cloud-amd64 (\([^ ]*\) .*/\1/p'
}

# unpack DIR: base-files first, for it has the links from /bin to /usr/bin. What
# Linux needs to boot rather than to build stays out.
unpack() {
	local dir=$1 root=$1/root deb
	rm -rf "$root" "$dir/complete"
	mkdir -p "$root"
	for deb in "$dir"/archives/base-files_*.deb "$dir"/archives/*.deb; do
		case ${deb##*/} in
		linux-image-* | linux-binary-* | linux-modules-* | initramfs-tools* | systemd* | udev*) continue ;;
		esac
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink || return
	done
	rm -f "$dir"/archives/*.deb
	mkdir -p "$root"/{dev,proc,tmp,work}
	touch "$root/dev/null"
	# What maintainer scripts would have done.
	[[ -e $root/bin/sh ]] || ln -s bash "$root/bin/sh"
	[[ -e $root/usr/bin/awk ]] || ln -s gawk "$root/usr/bin/awk"
}

headers() { find "$1/root/usr/src" -maxdepth 1 -name 'linux-headers-*-cloud-amd64' | sort -V | tail -n 1; }

release() {
	local headers
	headers=$(headers "$1")
	echo "${headers##*/linux-headers-}"
}

# ---- the build, and what it asks for ----------------------------------------------

# build DIR: silent, or says what went wrong. A warning is a failure.
build() {
	local dir=$1 root=$1/root log=$1/build.log
	rm -rf "$root/work"
	mkdir -p "$root/work"
	(cd "$TOP" && find Kbuild module uapi -name '*.[chS]' -o -name Kbuild |
		cpio -pdm --quiet "$root/work")
	# objtool reads /proc for the size of its stack.
	# shellcheck disable=SC2016 # expanded inside
	if ! unshare -r --mount --pid --fork bash -c '
		mount -t proc proc "$1/proc" && mount --bind /dev/null "$1/dev/null" &&
		exec chroot "$1" /usr/bin/env -i PATH=/usr/bin:/usr/sbin:/bin make -j"$3" -C "/usr/src/$2" M=/work W=1 modules
		' - "$root" "linux-headers-$(release "$dir")" "$(nproc)" >"$log" 2>"$dir/warnings"; then
		echo "it does not build; the log is in $dir/warnings"
		return 1
	fi
	# About the installation, not about the source.
	if grep -vqE 'Skipping BTF generation|pahole' "$dir/warnings"; then
		echo "it builds with warnings; they are in $dir/warnings"
		return 1
	fi
}

# symbols DIR: how many, or those that are not there or not for everybody: an
# export may name the modules that it is for, in the last column.
symbols() {
	nm -u "$1/root/work/posada.ko" | awk -F '\t' -v list="$(headers "$1")/Module.symvers" '
		BEGIN {
			while ((getline line < list) > 0) {
				split(line, field, "\t")
				known[field[2]] = 1
				if (field[3] != "vmlinux")
					reserved[field[2]] = "of " field[3]
				else if (field[5] != "")
					reserved[field[2]] = "for " field[5]
			}
		}
		{
			sub(/^ *U /, "")
			count++
			if (!($0 in known))
				bad = bad " " $0 " (not exported)"
			else if ($0 in reserved)
				bad = bad " " $0 " (" reserved[$0] ")"
		}
		END {
			if (bad)
				print "it asks for" bad
			else
				print count " symbols, all open"
			exit bad != ""
		}'
}

main "$@"
