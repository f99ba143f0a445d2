# shellcheck shell=bash
# What is in the machine: staged as a directory tree, packed as a reproducible,
# lz4-compressed cpio archive (the kernel unpacks that format fastest).

# initramfs_build RELEASE STAGE OUTPUT: STAGE may hold files already (init's
# orders, --add); the rest is put beside them.
initramfs_build() {
	local release=$1 root=$2 output=$3
	mkdir -p "$root"/{bin,etc,lib/kvm,lib/modules,usr/bin,guest,selftests,tmp}
	stage_base "$root"
	stage_modules "$release" "$root" || return
	stage_programs "$root"
	stage_guest "$root"
	stage_libraries "$root"
	pack "$root" "$output"
}

stage_base() {
	local root=$1
	cp /bin/busybox "$root/bin/"
	cp "$(program_build e9)" "$root/bin/e9"
	cp "$(program_build work)" "$root/bin/work"
	install -m 755 "$MACHINE_DIR/inside/init" "$root/init"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: >"$root/etc/group"
	install -m 644 "$MACHINE_DIR/inside/profile" "$root/etc/profile"
	cp -r "$MACHINE_DIR/inside" "$root/lib/machine"
}

program_build() {
	local source=$MACHINE_DIR/inside/$1.c binary=$BUILD/machine/$1
	if [[ ! $binary -nt $source ]]; then
		gcc -O2 -Wall -Wextra -static -o "$binary.$$" "$source"
		mv "$binary.$$" "$binary"
	fi
	echo "$binary"
}

# Stripped: what nobody reads in the machine need not be copied by its BIOS.
stage_modules() {
	local release=$1 root=$2 posada name
	local kernel=$CACHE/kernel/$release/lib/modules/$release/kernel
	for name in virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-intel; do
		[[ $release == debug ]] ||
			objcopy --strip-unneeded -R .BTF "$kernel/$name.ko" "$root/lib/kvm/${name##*/}.ko"
	done
	posada=$(module_build "$release") || return
	if [[ $posada && $release == debug ]]; then
		# With its local symbols, for the traces.
		cp "$posada" "$root/lib/modules/posada.ko"
	elif [[ $posada ]]; then
		objcopy --strip-unneeded -R .BTF "$posada" "$root/lib/modules/posada.ko"
		objcopy --strip-unneeded -R .BTF "${posada%/*}/selftests/entry_fuzz/posada_entry_fuzz.ko" \
			"$root/lib/modules/posada_entry_fuzz.ko"
	else
		say "note: no posada.ko: the driver is not in this tree"
	fi
}

stage_programs() {
	local root=$1
	if [[ -x $BUILD/tools/posada ]]; then
		strip -o "$root/usr/bin/posada" "$BUILD/tools/posada"
	else
		say "note: no posada command: build/tools/posada does not exist"
	fi
	stage_selftests "$root/selftests"
}

# All but what runs on the build host, and the objects.
stage_selftests() {
	[[ -d $BUILD/selftests ]] || return 0
	(cd "$BUILD/selftests" && find . -path ./host -prune -o -path ./obj -prune -o ! -type d -print0 |
		xargs -0r cp -a --parents -t "$1")
	find "$1" -type f -perm -u+x ! -name '*.sh' -exec strip {} +
}

# stage_libraries ROOT: the shared libraries that the programs in ROOT want.
# (Debian has no static Zydis.)
stage_libraries() {
	local root=$1 library
	find "$root/usr/bin" "$root/selftests" -type f -perm -u+x -print0 |
		xargs -0r -n 1 ldd 2>/dev/null |
		sed -n 's/^.*\(=> \|\t\)\(\/[^ ]*\) (0x.*/\2/p' | sort -u |
		while read -r library; do
			install -D "$library" "$root$library"
		done
}

# A guest: the stock kernel, which the machine itself runs, and a shell.
stage_guest() {
	local root=$1 guest=$BUILD/machine/guest.$$
	rm -rf "$guest"
	mkdir -p "$guest"/{bin,proc,sys,dev,root}
	cp /bin/busybox "$(program_build work)" "$guest/bin/"
	install -m 755 "$MACHINE_DIR/inside/guest-init" "$guest/init"
	pack "$guest" "$root/guest/initrd.img"
	rm -rf "$guest"
	cp "$(kernel_image "$(kernel_release)")" "$root/guest/vmlinuz"
}

# pack DIR OUTPUT: same files in, same bytes out.
pack() {
	find "$1" -exec touch -h -d @1700000000 {} +
	(cd "$1" && find . -print0 | LC_ALL=C sort -z |
		cpio --quiet --null --create --format=newc --reproducible --owner=0:0) |
		lz4 -q -l -c >"$2"
}
