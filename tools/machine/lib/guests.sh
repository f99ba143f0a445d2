# shellcheck shell=bash
# The guests of guests.sh: how each is fetched and made. guest_NAME STORE STAGE keeps
# in STORE what is dear to get, and puts in STAGE what the machine shall have. It
# prints nothing but the reason if it cannot.

# fetched STORE PACKAGE... -- PATH...: of these packages of Debian 12, for i386 or for
# all computers, STORE/root has the files that match a PATH.
fetched() {
	local store=$1 deb packages=() others=()
	[[ -e $store/complete ]] && return
	archive_lacking || return
	while [[ $2 != -- ]]; do packages+=("$2") && shift; done
	shift 2
	rm -rf "$store"
	archive_configure "$store" i386 bookworm
	say "${store##*/}: fetching ${packages[*]}"
	if ! archive_apt "$store" update || ! (cd "$store/archives" && archive_apt "$store" download "${packages[@]}"); then
		echo "Debian's archive cannot be had: $(grep -m 1 '^[EW]:' "$store/apt.log")"
		return 1
	fi
	for deb in "$store"/archives/*.deb; do
		dpkg-deb -x "$deb" "$store/root" 2>>"$store/apt.log" ||
			{ echo "${deb##*/} cannot be unpacked; see $store/apt.log" && return 1; }
	done
	for deb; do others+=(! -path "$store/root/$deb"); done
	find "$store/root" ! -type d "${others[@]}" -delete
	find "$store/root" -type d -empty -delete
	rm -rf "$store"/{archives,lists} "$store"/*.bin
	touch "$store/complete"
}

# kept STORE PATH: the one file there.
kept() {
	local found
	found=$(find "$1/root" -path "$1/root/$2" 2>/dev/null)
	[[ -f $found ]] && echo "$found" && return
	echo "Debian's package has no $2 any more"
	return 1
}

# ---- the kernel of Debian's installer for i386, which knows no PAE -------------------

guest_linux32() {
	local store=$1 stage=$2 root=$1/initrd kernel busybox
	fetched "$store" debian-installer-12-netboot-i386 busybox-static -- \
		bin/busybox '*/text/debian-installer/i386/linux' || return
	kernel=$(kept "$store" '*/i386/linux') || { echo "$kernel" && return 1; }
	busybox=$(kept "$store" bin/busybox) || { echo "$busybox" && return 1; }
	mkdir -p "$root"/{bin,proc,sys,dev,root}
	cp "$busybox" "$root/bin/"
	install -m 755 "$MACHINE_DIR/inside/guest-init" "$root/init"
	pack "$root" "$stage/initrd.img"
	rm -rf "$root"
	cp "$kernel" "$stage/"
}

# ---- Memtest86+, which brings its own everything --------------------------------------

guest_memtest() {
	local store=$1 stage=$2 image
	fetched "$store" memtest86+ -- boot/memtest86+x64.bin || return
	image=$(kept "$store" boot/memtest86+x64.bin) || { echo "$image" && return 1; }
	cp "$image" "$stage/"
}

# ---- the x86 selftests of Linux, static, for 64 and for 32 bits -------------------------

guest_selftests() {
	local store=$1 stage=$2 root=$2/root
	selftests_programs "$store" || return
	mkdir -p "$root"/{bin,proc,sys,dev,tmp,tests}
	cp /bin/busybox "$root/bin/"
	install -m 755 "$MACHINE_DIR/inside/verdicts-init" "$root/init"
	cp "$MACHINE_DIR/inside/verdicts.sh" "$root/"
	cp "$store"/programs/* "$root/tests/"
}

# selftests_programs STORE: only they are kept.
selftests_programs() {
	local store=$1 log=$1/build.log
	[[ -e $store/programs/.complete ]] && return
	fetched "$store" linux-source-6.1 libc6-dev libgcc-12-dev linux-libc-dev -- \
		'usr/src/linux-source-*.tar.xz' 'usr/lib/*/*.[ao]' 'usr/lib/*/12/*.[ao]' \
		'usr/include/i386-linux-gnu/*' || return
	say "selftests: unpacking and building (a minute)"
	if ! { selftests_unpack "$store" && selftests_build "$store"; } >"$log" 2>&1; then
		echo "they cannot be built; see $log"
		return 1
	fi
	rm -rf "$store"/{root,source,complete}
	touch "$store/programs/.complete"
}

# What is needed of the kernel's source, which is 1.4 GB.
selftests_unpack() {
	local store=$1
	rm -rf "$store/source"
	mkdir -p "$store/source"
	xz -dcT0 "$store/root/usr/src/"linux-source-*.tar.xz |
		tar -x -C "$store/source" --strip-components=1 --wildcards \
			'linux-source-*/tools/testing/selftests/x86' \
			'linux-source-*/tools/testing/selftests/lib.mk' \
			'linux-source-*/tools/testing/selftests/kselftest*.h' \
			'linux-source-*/arch/x86/include/asm/desc_defs.h'
}

# By their own Makefile. The libraries for 32 bits are those of Debian's i386.
selftests_build() {
	local store=$1 libraries=$1/root/usr/lib directory cc="gcc -static"
	rm -rf "$store/programs"
	mkdir -p "$store/programs"
	selftests_make all_64 "$cc" || return
	for directory in "$libraries"/gcc/i686-linux-gnu/12 "$libraries"/i386-linux-gnu; do
		cc+=" -B$directory -L$directory"
	done
	selftests_make all_32 "$cc -isystem $store/root/usr/include/i386-linux-gnu" || return
	strip "$store"/programs/*
}

selftests_make() {
	make -C "$store/source/tools/testing/selftests/x86" "$1" CC="$2" OUTPUT="$store/programs" \
		CAN_BUILD_I386=1 CAN_BUILD_X86_64=1
}
