# shellcheck shell=bash
# The driver, built for the kernel that the test machine boots, and with it the module
# that tests its checker of VM entries.

# module_build RELEASE: prints the path of posada.ko, or nothing when there is
# no driver in this tree yet. Works on a copy, so that the objects of a build for
# the running kernel (make module) stay as they are.
module_build() {
	local release=$1 dir=$BUILD/machine/$1/module
	[[ -e $TOP/Kbuild ]] || return 0
	mkdir -p "$dir"
	exec 8>"$dir.lock"
	flock 8
	if [[ $(module_sum) != "$(cat "$dir.sum" 2>/dev/null)" ]]; then
		module_compile "$release" "$dir" || return
		module_sum >"$dir.sum"
	fi
	exec 8>&-
	find "$dir" -name posada.ko
}

module_files() {
	(cd "$TOP" && find Kbuild module uapi selftests/entry_fuzz -name '*.[chS]' -o -name Kbuild) |
		LC_ALL=C sort
}

module_sum() {
	(cd "$TOP" && module_files | xargs sha256sum | sha256sum)
}

# kbuild looks at times: the copy keeps them, and starts afresh only when a file
# went away, whose object would otherwise be linked in still.
module_compile() {
	local release=$1 dir=$2
	say "building posada.ko for $release"
	module_files >"$dir.files"
	cmp -s "$dir.files" "$dir/files" || rm -rf "$dir"
	mkdir -p "$dir"
	mv "$dir.files" "$dir/files"
	(cd "$TOP" && xargs cp -a --parents -t "$dir") <"$dir/files"
	local each
	for each in "$dir" "$dir/selftests/entry_fuzz"; do
		make -C "$(kernel_headers_dir "$release")" M="$each" modules >"$dir.log" 2>&1 && continue
		cat "$dir.log" >&2
		say "the module in $each does not build for $release"
		return 1
	done
}
