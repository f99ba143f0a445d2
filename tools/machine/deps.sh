#!/usr/bin/env bash
# deps.sh: fetch what building and testing posada needs from Debian packages.
#
# Usage: tools/machine/deps.sh [--list | --help]
#
#   --list   print the packages (tools/machine/packages) and stop
#
# Installs the packages that are missing (as root, or through sudo) and keeps
# in the cache, ${POSADA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/posada}:
#   kernel/RELEASE/   the stock cloud kernel that the test machine boots
#   linux/            kselftest headers, checkpatch and kernel-doc from its source
# The kernel is unpacked there rather than installed, so that the boot loader of
# this computer stays as it is. Takes no time when everything is in place.
set -eu -o pipefail

PROG=deps
. "$(dirname "$0")/lib/common.sh"

# What the cache keeps of the kernel's source, which is 1.4 GB.
SOURCE_FILES=(
	.clang-format
	scripts/checkpatch.pl
	scripts/const_structs.checkpatch
	scripts/kernel-doc
	scripts/spelling.txt
	tools/testing/selftests/kselftest.h
	tools/testing/selftests/kselftest_harness.h
	tools/testing/selftests/kselftest_module.h
	tools/testing/selftests/kselftest
)

UPDATED=

main() {
	case ${1-} in
	'') ;;
	--list) packages && exit ;;
	*) usage "$1" ;;
	esac
	need_debian
	mkdir -p "$CACHE"
	# Two at once would unpack into the same places.
	exec 9>"$CACHE/deps.lock"
	flock 9
	install_packages
	fetch_kernel
	fetch_sources
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 2
}

need_debian() {
	command -v apt-get dpkg-query >/dev/null ||
		die "this needs Debian 12 (apt-get, dpkg); elsewhere install by hand: $(packages | tr '\n' ' ')"
}

packages() { sed 's/#.*//; /^[[:space:]]*$/d' "$MACHINE_DIR/packages"; }

install_packages() {
	local missing
	mapfile -t missing < <(missing_packages)
	[[ ${#missing[@]} -eq 0 ]] && return
	say "installing ${missing[*]}"
	apt_update
	apt install -y --no-install-recommends "${missing[@]}"
}

missing_packages() {
	comm -23 <(packages | sort) \
		<(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u)
}

# fetch_kernel: the image of the very package version that the newest installed
# headers have. Debian drops superseded versions from its archive: then the
# headers have to follow.
fetch_kernel() {
	local release version
	release=$(headers_release) || die "no linux-headers-*-cloud-amd64 under /usr/src"
	version=$(kernel_headers_version "$release")
	[[ $(kernel_image_version "$release") == "$version" ]] && return
	if ! download "linux-image-$release=$version"; then
		say "linux-image-$release $version has left the archive: moving to the current kernel"
		apt_update
		apt install -y --no-install-recommends linux-headers-cloud-amd64
		release=$(headers_release)
		version=$(kernel_headers_version "$release")
		download "linux-image-$release=$version" ||
			die "cannot download linux-image-$release=$version; see $CACHE/apt.log"
	fi
	unpack_kernel "$release" "$version"
}

headers_release() {
	local dir newest=
	while read -r dir; do newest=${dir##*/linux-headers-}; done \
		< <(find /usr/src -maxdepth 1 -name 'linux-headers-*-cloud-amd64' | sort -V)
	[[ $newest ]] && echo "$newest"
}

unpack_kernel() {
	local release=$1 version=$2 new=$CACHE/kernel/.new-$1
	rm -rf "$new"
	mkdir -p "$new"
	dpkg-deb -x "$CACHE"/download/linux-image-*.deb "$new"
	echo "$version" >"$new/version"
	rm -rf "$CACHE/kernel/$release" "$CACHE/download"
	mv "$new" "$CACHE/kernel/$release"
}

fetch_sources() {
	local new=$CACHE/.new-linux
	[[ -e $CACHE/linux/complete ]] && return
	download linux-source-6.1 || die "cannot download linux-source-6.1; see $CACHE/apt.log"
	say "extracting kselftest and checkpatch from the kernel source (half a minute)"
	rm -rf "$new" "$CACHE/linux"
	mkdir -p "$new"
	dpkg-deb --fsys-tarfile "$CACHE"/download/linux-source-*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dcT0 |
		tar -x -C "$new" --strip-components=1 --wildcards "${SOURCE_FILES[@]/#/linux-source-*/}"
	touch "$new/complete"
	mv "$new" "$CACHE/linux"
	rm -rf "$CACHE/download"
}

# download PACKAGE[=VERSION]: into $CACHE/download, emptied first; refreshes
# apt's lists once if they turn out to be too old.
download() {
	rm -rf "$CACHE/download"
	mkdir -p "$CACHE/download"
	say "downloading $1"
	try_download "$1" && return
	[[ $UPDATED ]] && return 1
	apt_update
	try_download "$1"
}

try_download() {
	(cd "$CACHE/download" && apt-get download -q "$1") >>"$CACHE/apt.log" 2>&1
}

apt_update() {
	[[ $UPDATED ]] && return
	UPDATED=yes
	apt update
}

# apt ARG...: apt-get as root, silent unless it fails.
apt() {
	local root=()
	if [[ $(id -u) -ne 0 ]]; then
		command -v sudo >/dev/null ||
			die "run this as root: apt-get install $(missing_packages | tr '\n' ' ')"
		root=(sudo)
	fi
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" \
		>"$CACHE/apt.log" 2>&1 </dev/null && return
	tail -n 5 "$CACHE/apt.log" >&2
	die "apt-get $1 failed; all it said is in $CACHE/apt.log"
}

main "$@"
