#!/usr/bin/env bash
# kernel-doc: what is written as kernel-doc is well-formed and complete.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

need_script kernel-doc
mapfile -t sources < <(files 'uapi/*.h' 'module/*.[ch]')
perl "$SCRIPTS/kernel-doc" -none -Werror "${sources[@]}" || exit 1
