# SPDX-License-Identifier: GPL-2.0
# The front door; "make help" lists what it opens. The driver itself is described
# in Kbuild, which the kernel's build system reads instead of this file.

# The kernel to build the driver for: the running one, or the newest Debian
# cloud kernel whose headers are here.
KDIR := $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -dv /usr/src/linux-headers-*-cloud-amd64 2>/dev/null | tac))

PREFIX  ?= /usr/local
MACHINE := tools/machine
OUT     := build/tools

C_FILES = $(shell git ls-files '*.c' '*.h')
PAGES   = $(wildcard Documentation/*.rst)
MAN     = $(wildcard tools/posada/posada.1)
BASH    = $(wildcard tools/posada/completion.bash)

all: module tools selftests

help:
	@echo 'make            build everything: module, tools, selftests'
	@echo 'make module     posada.ko, for the kernel in KDIR=$(KDIR)'
	@echo 'make tools      the posada command, in build/tools'
	@echo 'make selftests  the tests, in build/selftests'
	@echo 'make deps       install what is needed to build and test (Debian 12)'
	@echo 'make check      run all tests, on a test machine where they need VMX'
	@echo 'make check-debug  the tests under a kernel with KASAN and lockdep (hours)'
	@echo 'make check-kernels  build the driver for the kernels of newer Debian suites'
	@echo 'make check-gdb  have gdb debug a Linux guest, in the test machine'
	@echo 'make check-guests   run systems of others as guests of posada: 32-bit Linux, ...'
	@echo 'make demo       boot a guest on posada in a test machine, and play with it'
	@echo 'make machine    a shell in the test machine'
	@echo 'make lint       what tools have to say about the source'
	@echo 'make format     clang-format all C files'
	@echo 'make doc        the documentation as HTML, in build/doc'
	@echo 'make install    command, manual page, module; PREFIX=$(PREFIX), DESTDIR'
	@echo 'make uninstall  take these away again'
	@echo 'make clean      remove all that was built'

module:
	@test -d '$(KDIR)' || { echo 'no kernel headers: "make deps", or KDIR=...' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C tools

selftests:
	$(MAKE) -C selftests

deps:
	@$(MACHINE)/deps.sh

# Recursive, so that what deps installs is there when the rest is looked at. The
# machine builds the driver by itself, for the kernel it boots.
machine: deps
	@$(MAKE) --no-print-directory tools selftests
	@$(MACHINE)/machine --interactive

demo: deps
	@$(MAKE) --no-print-directory tools
	@$(MACHINE)/demo.sh

check-kernels:
	@$(MACHINE)/kernels.sh

check-gdb: deps
	@$(MAKE) --no-print-directory tools
	@$(MACHINE)/gdb.sh

check-guests: deps
	@$(MAKE) --no-print-directory tools selftests
	@$(MACHINE)/guests.sh

check: deps
	@$(MAKE) --no-print-directory tools selftests
	@$(MACHINE)/check.sh

check-debug: deps
	@$(MAKE) --no-print-directory tools selftests
	@$(MACHINE)/debug-kernel.sh
	@$(MACHINE)/check.sh --debug

lint:
	@tools/lint/run.sh

format:
	clang-format --style=file --fallback-style=none -i $(C_FILES)

doc: $(PAGES:Documentation/%.rst=build/doc/%.html)

build/doc/%.html: Documentation/%.rst
	@mkdir -p $(@D)
	rst2html5 --halt=warning $< $@

install: tools
	install -D $(OUT)/posada $(DESTDIR)$(PREFIX)/bin/posada
	install -D -m 644 uapi/linux/posada.h $(DESTDIR)$(PREFIX)/include/linux/posada.h
ifneq ($(MAN),)
	install -D -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1/posada.1
endif
ifneq ($(BASH),)
	install -D -m 644 $(BASH) $(DESTDIR)$(PREFIX)/share/bash-completion/completions/posada
endif
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules modules_install

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/posada $(DESTDIR)$(PREFIX)/include/linux/posada.h \
		$(DESTDIR)$(PREFIX)/share/man/man1/posada.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/posada
	find $(DESTDIR)/lib/modules -path "*/extra/posada.ko" -delete

clean:
	@if [ -d '$(KDIR)' ] && [ -e Kbuild ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	rm -rf build

.PHONY: all help module tools selftests deps machine demo check check-debug check-kernels check-gdb check-guests lint format doc install uninstall clean
