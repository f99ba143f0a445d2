# shellcheck shell=bash
# What every check needs: where things are, and how to say the outcome. Source
# it; it defines variables and functions, goes to the top and does nothing else.
#
# A check is silent when all is well. Otherwise it prints one line for each
# finding, as FILE:LINE: TEXT where it can, and exits with 1; or says why it
# cannot look and exits with 4, as kselftest does. It looks at the files that git
# knows, so that what somebody is still writing is nobody's fault.

LINT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$LINT/../.." || exit 2
TOP=$PWD
# A make above has its own jobs and flags.
unset MAKEFLAGS MFLAGS MAKELEVEL
# shellcheck disable=SC2034 # for those who source this
{
	OUT=$TOP/build/lint
	CACHE=${POSADA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/posada}
	SCRIPTS=$CACHE/linux/scripts
}

# The kernel that the top Makefile would build for; "make KDIR=..." hands it on.
kernel_dir() {
	local dir
	for dir in "${KDIR-}" "/lib/modules/$(uname -r)/build"; do
		[[ -n $dir && -d $dir ]] && echo "$dir" && return
	done
	dir=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-cloud-amd64' | sort -V | tail -n 1)
	[[ -n $dir ]] && echo "$dir"
}

# files PATTERN...: the files that git knows and that are there.
files() {
	local file
	git ls-files -- "$@" | while read -r file; do
		[[ -f $file ]] && echo "$file"
	done
}

skip() {
	echo "$*"
	exit 4
}

# need COMMAND PACKAGE: skips without it.
need() { command -v "$1" >/dev/null || skip "no $1 here: apt-get install $2"; }

# need_script NAME: skips without this script of the kernel's source.
need_script() {
	need perl perl
	[[ -e $SCRIPTS/$1 ]] || skip "no $1 in $SCRIPTS: make deps"
}
