#!/usr/bin/env bash
# guests.sh: run systems of others, unchanged, as guests of posada.
#
# Usage: tools/machine/guests.sh [--list | --help] [GUEST ...]
#
#   --list   print the guests there are, and stop
#   GUEST    only this one; may be repeated
#
# Fetches them from the mirror of Debian that this computer's apt uses, keeps what
# is needed of them under ${POSADA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/posada}/guests
# (nothing is installed), and runs all of them in one boot of the test machine, which
# takes minutes for each in Bochs. What is asked of each, in order, is in
# tools/machine/inside/guests.sh. Prints KTAP (kept in build/guests.ktap), with what
# each guest has cost, and at the end "N passed, N failed, N skipped". A guest that
# cannot be fetched is skipped, and the line says why. Exit status: 0 when nothing
# failed, 4 when all was skipped, else that of the machine.
set -eu -o pipefail

PROG=guests
. "$(dirname "$0")/lib/common.sh"
. "$MACHINE_DIR/lib/archive.sh"
. "$MACHINE_DIR/lib/initramfs.sh"
. "$MACHINE_DIR/lib/guests.sh"

ALL=(linux32 memtest selftests)
STORE=$CACHE/guests
KTAP=$BUILD/guests.ktap

main() {
	local status=0
	case ${1-} in
	--list) printf '%s\n' "${ALL[@]}" && exit ;;
	-*) usage "$1" ;;
	esac
	[[ $# -gt 0 ]] || set -- "${ALL[@]}"
	known "$@"
	mkdir -p "$STORE" "$BUILD/machine"
	STAGE=$(mktemp -d "$BUILD/machine/guests.XXXXXX")
	trap 'rm -rf "$STAGE"' EXIT
	stage "$@"
	# The machine may have more to complain of than its guests.
	boot "$@" | tee "$KTAP" || status=$?
	awk -f "$MACHINE_DIR/lib/ktap.awk" "$KTAP" || status=1
	exit "$status"
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 2
}

known() {
	local guest
	for guest; do
		[[ " ${ALL[*]} " == *" $guest "* ]] || die "no guest is named '$guest'; see --list"
	done
}

# stage GUEST...: what the machine finds in /guests: for each guest a directory,
# or the reason why there is none.
stage() {
	local guest why
	# Two at once would unpack into the same places.
	exec 9>"$STORE/lock"
	flock 9
	for guest; do
		mkdir -p "$STAGE/$guest"
		if ! why=$("guest_$guest" "$STORE/$guest" "$STAGE/$guest"); then
			rm -rf "${STAGE:?}/$guest"
			echo "$why" >"$STAGE/$guest.skip"
		fi
	done
	exec 9>&-
}

# boot GUEST...: without a guest there is nothing to boot for. The WARN is of Linux in
# Bochs, with no guest yet (Documentation/quirks.rst).
boot() {
	if [[ -z $(find "$STAGE" -mindepth 1 -maxdepth 1 -type d) ]]; then
		sh "$MACHINE_DIR/inside/guests.sh" "$STAGE" "$@" && exit 4
	fi
	"$MACHINE_DIR/machine" --memory 1024 --mitigations off --timeout 3600 \
		--forgive 'arch/x86/kernel/traps.c:.* exc_debug' \
		--log "$BUILD/machine/guests.log" --add "$STAGE:/guests" \
		--cmd "insmod /lib/modules/posada.ko; sh /lib/machine/guests.sh /guests $*" </dev/null
}

main "$@"
