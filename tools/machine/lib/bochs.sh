# shellcheck shell=bash
# The machine in Bochs, which emulates VMX. One TSC tick is one instruction, so
# what is measured inside repeats. $RUN is the directory of this run.

BOCHS_IPS=50000000

# bochs_prepare: everything on disk that Bochs boots from.
bochs_prepare() {
	bochs_iso
	bochs_config >"$RUN/bochsrc"
	# Debian's is the debugger build, which waits to be told to continue.
	echo c >"$RUN/rc"
	[[ ! $TRACE ]] || bochs_trace_orders >>"$RUN/rc"
}

# The debugger stops at each mark; by turns the trace goes on and off.
bochs_trace_orders() {
	local i
	for ((i = 0; i < 100; i++)); do
		printf '%s\n' 'trace on' c 'trace off' c
	done
}

# ISOLINUX: GRUB's byte-wise copy of the initramfs takes five times as long.
bochs_iso() {
	local iso=$RUN/iso
	mkdir -p "$iso"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso/"
	ln "$KERNEL" "$iso/vmlinuz" 2>/dev/null || cp "$KERNEL" "$iso/vmlinuz"
	mv "$RUN/initrd" "$iso/initrd"
	printf '%s\n' 'DEFAULT machine' 'LABEL machine' ' KERNEL /vmlinuz' ' INITRD /initrd' \
		" APPEND $(kernel_arguments) $(bochs_arguments | tr '\n' ' ')" >"$iso/isolinux.cfg"
	xorriso -as mkisofs -quiet -o "$RUN/boot.iso" -b isolinux.bin -c boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$iso" >"$RUN/xorriso.log" 2>&1 ||
		die "xorriso: $(cat "$RUN/xorriso.log")"
}

# What the kernel must be told about Bochs.
bochs_arguments() {
	# Not for the kernel, which hands it on as an environment variable of init's.
	echo "machine=bochs"
	# Newer models announce a TSC frequency that is not the emulated one.
	[[ $MODEL == corei7_haswell* ]] || echo "tsc_early_khz=$((BOCHS_IPS / 1000))"
	# Idle processors that sit in MWAIT rather than HLT bring the others to a crawl.
	[[ $CPUS -eq 1 ]] || echo "idle=halt"
}

# Without a sound card ALSA's complaint overflows a buffer in Bochs: no sound.
bochs_config() {
	local sync=none share=/usr/share
	# A shell wants seconds that last a second.
	[[ $INTERACTIVE ]] && sync=slowdown
	[[ $BOCHS3 ]] && share=$BOCHS3/usr/share
	cat <<-END
		cpu: model=$MODEL, count=$CPUS, ips=$BOCHS_IPS, reset_on_triple_fault=0
		memory: guest=$MEMORY, host=$MEMORY
		romimage: file=$share/bochs/BIOS-bochs-latest
		vgaromimage: file=$share/bochs/VGABIOS-lgpl-latest
		display_library: rfb, options="timeout=0"
		ata0-master: type=cdrom, path=$RUN/boot.iso, status=inserted
		boot: cdrom
		com1: enabled=1, mode=file, dev=$RUN/serial
		port_e9_hack: enabled=1
		magic_break: enabled=$([[ $TRACE ]] && echo 1 || echo 0)
		speaker: enabled=0
		sound: driver=dummy
		log: $RUN/emulator.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
		clock: sync=$sync, time0=1700000000
	END
	[[ $INTERACTIVE ]] && echo "com2: enabled=1, mode=term, dev=$RUN/terminal"
	return 0
}

# bochs_run: in the foreground; what it prints is mostly what the machine sent
# to port 0xe9. Its exit status says nothing: it is 1 after an orderly power-off.
bochs_run() {
	local program=(bochs-bin) lib
	[[ ! $TRACE ]] || exec > >(awk -v trace="$TRACE" '
		/^\([0-9]+\)\.\[/ { print >trace; next }
		{ print; fflush() }')
	if [[ $BOCHS3 ]]; then
		# Beside the system: with the libc and all other libraries it was built for.
		lib=$BOCHS3/usr/lib/x86_64-linux-gnu
		export LTDL_LIBRARY_PATH=$lib/bochs/plugins BXSHARE=$BOCHS3/usr/share/bochs
		program=("$lib/ld-linux-x86-64.so.2" --library-path "$lib:$lib/pulseaudio:$lib/bochs/plugins"
			"$BOCHS3/usr/bin/bochs-bin")
	fi
	exec "${program[@]}" -q -f "$RUN/bochsrc" -rc "$RUN/rc" </dev/null 2>>"$RUN/emulator.stderr"
}

# The power-off itself is a "panic" to Bochs.
bochs_last_words() {
	grep -ah 'PANIC\|>>EXCEPTION\|Segmentation\|triple fault' "$RUN/emulator.log" "$RUN/emulator.stderr" 2>/dev/null |
		grep -v 'ACPI control: soft power off'
}
