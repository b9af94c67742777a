# SPDX-License-Identifier: Apache-2.0

SHELL = /bin/sh
.DEFAULT_GOAL = help
.DELETE_ON_ERROR:

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc
DOCDIR ?= $(PREFIX)/share/doc/imdswatch
DESTDIR ?=

SWIFT ?= $(shell scripts/find-swift 2>/dev/null || echo swift)
export SWIFT
PRODUCT = .build/release/imdswatch
SIZE_LIMIT = 20971520
STATIC = --static-swift-stdlib -Xswiftc -static-executable -Xlinker -s
SWIFT_SOURCES = Package.swift Plugins Sources Tests Benchmarks/Package.swift Benchmarks/Sources Fuzz
C_SOURCES = $(shell find BPF Sources Tests Benchmarks/Sources -name '*.c' -o -name '*.h')
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo)

##@ Use it

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

.PHONY: demo
demo: build ## Watch a few attacks in an isolated lab (needs root)
	$(AS_ROOT) $(PRODUCT) demo

.PHONY: run
run: build ## Watch this host until Ctrl-C (needs root); options in ARGS
	$(AS_ROOT) $(PRODUCT) run $(ARGS)

.PHONY: install
install: ## Install the executable and a systemd unit
	@test -x $(PRODUCT) || $(MAKE) build
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR)
	install -d -m 755 $(DESTDIR)$(SYSCONFDIR)/imdswatch $(DESTDIR)$(SYSCONFDIR)/imdswatch/rules.d
	install -m 755 $(PRODUCT) $(DESTDIR)$(BINDIR)/imdswatch
	install -d $(DESTDIR)$(DOCDIR)/exceptions
	install -m 644 Packaging/exceptions/agents.toml $(DESTDIR)$(DOCDIR)/exceptions/agents.toml
	sed 's|@BINDIR@|$(BINDIR)|' Packaging/imdswatch.service \
	  > $(DESTDIR)$(UNITDIR)/imdswatch.service
	chmod 644 $(DESTDIR)$(UNITDIR)/imdswatch.service
	@echo 'Start it with: systemctl daemon-reload && systemctl enable --now imdswatch'

.PHONY: uninstall
uninstall: ## Remove them; rules and settings stay
	rm -f $(DESTDIR)$(BINDIR)/imdswatch $(DESTDIR)$(UNITDIR)/imdswatch.service
	rm -rf $(DESTDIR)$(DOCDIR)
	@rmdir $(DESTDIR)$(SYSCONFDIR)/imdswatch/rules.d $(DESTDIR)$(SYSCONFDIR)/imdswatch 2>/dev/null || true

##@ Work on it

.PHONY: setup
setup: ## Install what building and testing need, from Debian's packages
	@scripts/setup build test

.PHONY: build
build: ## Build the release executable: one static file
	@scripts/setup build
	$(SWIFT) build -c release --product imdswatch $(STATIC)
	@size=$$(wc -c < $(PRODUCT)); test $$size -le $(SIZE_LIMIT) || \
	  { echo "build: $(PRODUCT) has $$size bytes, the limit is $(SIZE_LIMIT)" >&2; exit 1; }

.PHONY: check
check: lint ## Check format and licences, and run the unit tests (no root)
	scripts/test unit

.PHONY: test
test: lint build ## Do all that check does, measure, and test on this kernel (root) and one in an emulator
	scripts/bench-micro
	scripts/test unit live guest

.PHONY: test-kernels
test-kernels: setup build ## Play all scenarios on all kernels with all hooks; KERNELS="6.1" picks
	KERNELS="$${KERNELS:-5.10 6.1 6.12 7.2}" \
	  GUEST_HOOKS="$${GUEST_HOOKS:-auto fexit kprobe tracepoint}" scripts/test guest

.PHONY: test-clients
test-clients: build ## Show which real cloud clients alert (root; takes them from PyPI)
	Tests/Scenarios/test-clients

.PHONY: test-arm64
test-arm64: ## Have an arm64 guest verify and fire the BPF programs
	@scripts/setup build test arm64
	Tests/Kernels/test-arm64

.PHONY: soak
soak: build ## Run under a steady load: RATE starts a second (0: all), MINUTES, BLOCK seconds unread
	RATE="$(RATE)" MINUTES="$(MINUTES)" BLOCK="$(BLOCK)" Tests/Scenarios/soak

.PHONY: bench-micro
bench-micro: setup ## Fail where a part got dearer, in instructions and allocations
	scripts/bench-micro

.PHONY: fuzz
fuzz: setup ## Feed hostile input for TIME seconds a target
	scripts/fuzz $(or $(TIME),60)

.PHONY: lint
lint: setup ## Check the layout of sources, and licences
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	clang-format --dry-run -Werror $(C_SOURCES)
	scripts/check-licences

.PHONY: format
format: setup ## Lay out all sources as the formatters want
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	clang-format -i $(C_SOURCES)

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf .build
