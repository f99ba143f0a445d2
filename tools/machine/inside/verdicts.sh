#!/bin/sh
# verdicts.sh: run the kernel's selftests of a directory, and print their verdicts.
#
# Usage: verdicts.sh DIRECTORY
#
# Each line begins with the name of the test: "NAME: exit STATUS", and its [OK],
# [FAIL], [SKIP]... with what it says of them. Numbers in that become N, for many are
# addresses or counts of the moment; equal lines in a row become one, with its count.
# Runs in the test machine and, as a part of its initramfs, in a guest.

cd "$1" || exit 1
for name in *; do
	timeout 300 "./$name" </dev/null >/tmp/output 2>&1
	echo "$name: exit $?"
	sed -n 's/\(0x\)\{1,\}[0-9a-f]*/N/g; s/[0-9][0-9]*/N/g
		s/^.*\(\[\(OK\|PASS\|FAIL\|SKIP\|WARN\|XFAIL\)\]\)[ \t]*/\1 /p' /tmp/output |
		uniq -c | sed "s/^ */$name: /"
done
