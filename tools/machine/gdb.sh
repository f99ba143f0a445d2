#!/usr/bin/env bash
# gdb.sh: test posada run --gdb with Debian's gdb and a Linux guest.
#
# Usage: tools/machine/gdb.sh [OPTION OF machine ...]
#
# Fetches gdb-minimal, puts it with its libraries into the test machine, and has it
# debug the machine's own kernel as a guest: breakpoints, watchpoints, steps, ^C. What
# is done, in order, is in tools/machine/inside/gdb.commands, what is expected in
# gdb.sh beside it. Takes two or three minutes in Bochs.
set -eu -o pipefail

PROG=gdb
. "$(dirname "$0")/lib/common.sh"

main() {
	case ${1-} in
	--help | -h)
		sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
		exit 0
		;;
	esac
	fetch
	mkdir -p "$BUILD/machine"
	gcc -O2 -Wall -Wextra -static -o "$BUILD/machine/symbols" "$MACHINE_DIR/inside/symbols.c"
	exec "$MACHINE_DIR/machine" --timeout 500 --log "$BUILD/machine/gdb.log" --append nokaslr \
		--add "$CACHE/gdb/usr/bin/gdb:/usr/bin/gdb" \
		--add "$BUILD/machine/symbols:/usr/bin/symbols" \
		"$@" --cmd 'sh /lib/machine/gdb.sh'
}

# fetch: gdb without Python, unpacked rather than installed: it would replace gdb.
fetch() {
	[[ -x $CACHE/gdb/usr/bin/gdb ]] && return
	local new=$CACHE/.new-gdb
	rm -rf "$new" "$CACHE/gdb"
	mkdir -p "$new"
	say "downloading gdb-minimal"
	(cd "$new" && apt-get download -q gdb-minimal) >>"$CACHE/apt.log" 2>&1 ||
		die "cannot download gdb-minimal; see $CACHE/apt.log"
	dpkg-deb -x "$new"/gdb-minimal_*.deb "$new"
	rm "$new"/gdb-minimal_*.deb
	mv "$new" "$CACHE/gdb"
}

main "$@"
