# shellcheck shell=bash
# The machine in QEMU: with nested VMX where this computer has it, else emulated
# (TCG), which has no VMX at all.

qemu_has_vmx() {
	[[ -r /dev/kvm && -w /dev/kvm ]] &&
		grep -qw vmx /proc/cpuinfo &&
		grep -qsi '[y1]' /sys/module/kvm_intel/parameters/nested
}

qemu_prepare() { :; }

qemu_run() {
	local arguments=(
		-nodefaults -display none -no-reboot -no-user-config
		-machine pc -smp "$CPUS" -m "$MEMORY"
		-kernel "$KERNEL" -initrd "$RUN/initrd" -append "$(kernel_arguments)"
		-serial "file:$RUN/serial" -rtc base=2023-11-14T22:13:20
	)
	if [[ $WITHOUT_VMX ]]; then
		arguments+=(-accel tcg -cpu "${MODEL:-max}")
	else
		arguments+=(-accel kvm -cpu "${MODEL:-host},+vmx")
	fi
	if [[ $INTERACTIVE ]]; then
		arguments+=(-chardev "serial,id=terminal,path=$RUN/terminal" -serial chardev:terminal)
	fi
	# The same port that Bochs prints: the machine need not know where it is.
	exec qemu-system-x86_64 "${arguments[@]}" \
		-chardev stdio,id=out,signal=off -device isa-debugcon,iobase=0xe9,chardev=out \
		</dev/null 2>>"$RUN/emulator.stderr"
}

qemu_last_words() { cat "$RUN/emulator.stderr"; }
