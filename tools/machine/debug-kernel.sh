#!/usr/bin/env bash
# debug-kernel.sh: build the kernel that "machine --debug" boots, and fetch the
# Bochs that runs it.
#
# Usage: tools/machine/debug-kernel.sh [--help]
#
# The kernel is Debian 12's linux-source-6.1 as tools/machine/debug.config has it:
# KASAN, lockdep, sleep-in-atomic and object checks, kmemleak, fault injection.
# Bochs is 3.0 as Debian 13 ships it, with its own libc beside the system's. Both
# go to the cache, ${POSADA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/posada}:
#   debug-kernel/linux/   source and objects (about 2 GB)
#   bochs-3/root/         Bochs
# Nothing is installed. It takes 10 to 20 minutes on two processors, and again
# only when debug.config or the package changes.
set -eu -o pipefail

PROG=debug-kernel
. "$(dirname "$0")/lib/common.sh"
. "$MACHINE_DIR/lib/archive.sh"

DIR=$CACHE/debug-kernel
BOCHS=$CACHE/bochs-3
CONFIG=$MACHINE_DIR/debug.config

main() {
	case ${1-} in
	'') ;;
	--help | -h) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	mkdir -p "$DIR" "$BOCHS"
	exec 9>"$DIR/lock"
	flock 9
	fetch_bochs
	fetch_tools
	fetch_source
	build
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	exit "$1"
}

# fetch DIR PACKAGE...: download from this system's release, and unpack.
fetch() {
	local dir=$1
	shift
	rm -rf "$DIR/download"
	mkdir -p "$DIR/download"
	say "downloading $*"
	(cd "$DIR/download" && apt-get download -q "$@") >"$DIR/apt.log" 2>&1 ||
		die "cannot download $*; see $DIR/apt.log"
	unpack "$DIR/download" "$dir"
	rm -rf "$DIR/download"
}

unpack() {
	local package
	for package in "$1"/*.deb; do
		dpkg-deb -x "$package" "$2"
	done
}

# What the configuration of a kernel is parsed with.
fetch_tools() {
	[[ -x $DIR/tools/usr/bin/flex ]] || fetch "$DIR/tools" flex bison m4
	export PATH=$DIR/tools/usr/bin:$PATH M4=$DIR/tools/usr/bin/m4
	export BISON_PKGDATADIR=$DIR/tools/usr/share/bison
}

fetch_source() {
	local version
	version=$(apt-cache policy linux-source-6.1 | sed -n 's/^ *Candidate: //p')
	[[ $version ]] || die "apt knows no linux-source-6.1; this needs Debian 12"
	[[ $version == "$(cat "$DIR/version" 2>/dev/null)" ]] && return
	rm -rf "$DIR/version" "$DIR/linux" "$DIR/package"
	fetch "$DIR/package" linux-source-6.1
	mkdir "$DIR/linux"
	tar -x -C "$DIR/linux" --strip-components=1 -f "$DIR"/package/usr/src/linux-source-*.tar.xz
	rm -rf "$DIR/package"
	echo "$version" >"$DIR/version"
}

build() {
	cd "$DIR/linux"
	if ! cmp -s "$CONFIG" "$DIR/config.built"; then
		rm -f "$DIR/config.built"
		{
			make -s tinyconfig
			scripts/kconfig/merge_config.sh -m .config "$CONFIG"
			make -s olddefconfig
		} >"$DIR/config.log" 2>&1 || die "cannot configure the kernel; see $DIR/config.log"
		say "building the kernel; what it says is in $DIR/build.log"
		make -j"$(nproc)" bzImage modules_prepare >"$DIR/build.log" 2>&1 ||
			die "the kernel does not build; see $DIR/build.log"
		# The symbols of the kernel itself, against which modules are linked.
		cp vmlinux.symvers Module.symvers
		# A module of an earlier configuration must not be taken for this one's.
		rm -rf "$BUILD"/machine/debug
		cp "$CONFIG" "$DIR/config.built"
	fi
}

# fetch_bochs: Debian 13's, with all that it is linked to.
fetch_bochs() {
	local apt=$BOCHS/apt why
	[[ -x $BOCHS/root/usr/bin/bochs-bin ]] && return
	why=$(archive_lacking) || die "$why"
	say "downloading Bochs 3.0"
	archive_configure "$apt" amd64 trixie
	archive_apt "$apt" update || die "apt-get update failed; see $apt/apt.log"
	archive_apt "$apt" -y --download-only install bochs bochsbios bochs-term ||
		die "cannot download Bochs; see $apt/apt.log"
	rm -rf "$BOCHS/new"
	unpack "$apt/archives" "$BOCHS/new"
	rm -rf "$apt" "$BOCHS/root"
	mv "$BOCHS/new" "$BOCHS/root"
}

main "$@"
