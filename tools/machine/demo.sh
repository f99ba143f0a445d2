#!/usr/bin/env bash
# demo.sh: watch posada run a guest, in a test machine.
#
# Usage: tools/machine/demo.sh [OPTION OF machine ...]
#
# Boots the machine, loads the driver and boots the machine's own kernel again,
# unmodified, as a guest; types at the guest's prompt, interrupts it from a second
# process, powers it off and shows what made it exit. What is done, in order, is
# in tools/machine/inside/demo.sh. Takes a minute or two in Bochs.
set -eu

case ${1-} in
--help | -h)
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	exit 0
	;;
esac

here=$(cd "$(dirname "$0")" && pwd)
exec "$here/machine" --timeout 600 --log "$here/../../build/machine/demo.log" "$@" \
	--cmd 'sh /lib/machine/demo.sh'
