# SPDX-License-Identifier: Apache-2.0
# Everything made goes below build/. `make help` lists the targets, `V=1` shows the commands.

VERSION  := 0.1.0
B        := build

# Where `make install` puts things, below DESTDIR.
DESTDIR  ?=
prefix   ?= /usr/local
bindir   ?= $(prefix)/bin
mandir   ?= $(prefix)/share/man
docdir   ?= $(prefix)/share/doc/portgauge
datadir  ?= $(prefix)/share/portgauge
unitdir  ?= $(prefix)/lib/systemd/system
sysconfdir  ?= /etc
bashcompdir ?= $(prefix)/share/bash-completion/completions
zshcompdir  ?= $(prefix)/share/zsh/site-functions

CC       ?= gcc
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
ARCH     := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
TRIPLET  := $(or $(shell $(CC) -print-multiarch 2>/dev/null),$(shell $(CC) -dumpmachine))

LIBS     := -lbpf -lelf -lz -lsystemd -lmicrohttpd -lgnutls -lcurl -lcrypt -ljansson -lcap-ng -lmnl -lyaml \
	    -lncursesw -ltinfo -lpthread -lm
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla
CFLAGS   ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DPORTGAUGE_VERSION='"$(VERSION)"' $(WARN) -I. -I$(B)/bpf \
	      -fvisibility=hidden $(CFLAGS) $(SANITIZE)
ASAN     := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover
TSAN     := -fsanitize=thread -fno-omit-frame-pointer
BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -idirafter /usr/include/$(TRIPLET) \
	      -Wall -Wextra -Wno-unused-parameter
ifneq ($(CI),)
ALL_CFLAGS += -Werror
BPF_CFLAGS += -Werror
endif

BPF_OBJ  := $(patsubst bpf/%.c,$(B)/bpf/%.o,$(wildcard bpf/*.bpf.c))
SKEL     := $(B)/bpf/portgauge.skel.h
COMMANDS := user/main.c $(wildcard user/commands/cmd_*.c)
LIB_SRC  := $(filter-out $(COMMANDS),$(wildcard user/*.c user/*/*.c)) $(wildcard exporters/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
BIN_OBJ  := $(COMMANDS:%.c=$(B)/%.o)
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ     := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
MAN      := $(patsubst packaging/man/%.md,$(B)/man/%,$(wildcard packaging/man/*.md))
COMPLETIONS := $(B)/completions/portgauge.bash $(B)/completions/portgauge.zsh
RULES    := exporters/prometheus/rules/alerts.yml exporters/prometheus/rules/recording.yml
DASHBOARDS := exporters/prometheus/dashboard/portgauge.json
E2E_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tests/e2e/*.c))
CONFINE  := $(B)/tests/confined/confine
BENCH    := $(B)/tests/bench/load $(B)/tests/bench/scale

ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-7s %s\n' "$(1)" "$(2)";
MAKEFLAGS += --no-print-directory
endif

.DELETE_ON_ERROR:
.PHONY: all run story deps test test-unit test-e2e test-hardened test-container test-vm test-packaging check bench soak format \
	asan tsan test-asan test-tsan fuzz fuzz-targets man completions deb install uninstall clean help

all: $(B)/portgauge ## build the agent (the default)

run: ## build what is missing and watch this host: http://127.0.0.1:9817
	@tests/tools/need build || $(MAKE) deps
	@$(MAKE) all
	@exec $(B)/portgauge run $(ARGS)

story: all ## a poller runs out of ports: what is told before and after (root; docs/story.md)
	@tests/story/run $(ARGS)

deps: ## install what building and testing need (Debian packages, as root)
	$(Q)tests/tools/install-deps

test: ## every test: unit, end to end here, end to end in virtual machines
	@tests/tools/need test || $(MAKE) deps
	@tests/tools/run-tests

test-unit: $(UNIT) ## the pure modules, no privileges needed
	@tests/tools/run-unit $(UNIT)

test-e2e: $(B)/portgauge $(B)/tests/e2e/e2e ## the real agent in network namespaces (root)
	@tests/tools/run-e2e $(B)/tests/e2e/e2e $(if $(SOURCE),--source $(SOURCE))

test-hardened: $(B)/portgauge $(B)/tests/e2e/e2e $(CONFINE) ## the same under all that the unit restricts (root); PATTERN= SOURCE=
	@tests/confined/hardened tests/tools/run-e2e $(B)/tests/e2e/e2e \
		$(if $(SOURCE),--source $(SOURCE)) $(if $(PATTERN),'$(PATTERN)')

test-container: deb $(B)/portgauge $(B)/tests/e2e/e2e $(CONFINE) ## the same in the image, as the manifests run it (root); PATTERN= SOURCE=
	@tests/confined/container tests/tools/run-e2e $(B)/tests/e2e/e2e \
		$(if $(SOURCE),--source $(SOURCE)) $(if $(PATTERN),'$(PATTERN)')

test-vm: $(B)/portgauge $(B)/tests/e2e/e2e ## the same on every kernel in QEMU; KERNEL=6.1 SOURCE=kprobe for less
	@tests/vm/e2e $(if $(SOURCE),--source $(SOURCE)) $(if $(PATTERN),--pattern '$(PATTERN)') $(KERNEL)

test-packaging: ## the Debian package, its service under systemd, the container image, the manifests (root)
	@tests/packaging/run $(PART)

check: ## formatting, static analysis, house rules, docs
	@tests/tools/need check || $(MAKE) deps
	@$(MAKE) $(B)/portgauge
	@tests/tools/check
	@tests/tools/selftest-check

bench: $(B)/portgauge $(BENCH) ## what it costs, next to other tools (root, a quarter of an hour); ONLY=name DOCS=1
	@tests/tools/need bench || $(MAKE) deps
	@tests/bench/bench $(if $(DOCS),--docs) $(ONLY)

soak: $(B)/portgauge $(BENCH) ## a busy host for MINUTES=20: are numbers right, has nothing grown? (root)
	@tests/tools/need test || $(MAKE) deps
	@tests/bench/soak $(MINUTES)

format: ## lay out the C sources as .clang-format says
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

asan: ## the unit tests under AddressSanitizer and UBSan
	@$(MAKE) test-unit B=$(B)/asan SANITIZE='$(ASAN)'

tsan: ## the same under ThreadSanitizer
	@$(MAKE) test-unit B=$(B)/tsan SANITIZE='$(TSAN)'

test-asan: $(B)/tests/e2e/e2e ## the agent under both, end to end here (root); PATTERN='*http*' for less
	@$(MAKE) $(B)/asan/portgauge B=$(B)/asan SANITIZE='$(ASAN)'
	@PORTGAUGE=$(CURDIR)/$(B)/asan/portgauge tests/tools/run-e2e $(B)/tests/e2e/e2e \
		$(if $(SOURCE),--source $(SOURCE)) $(if $(PATTERN),'$(PATTERN)')

test-tsan: $(B)/tests/e2e/e2e ## the same under ThreadSanitizer
	@$(MAKE) $(B)/tsan/portgauge B=$(B)/tsan SANITIZE='$(TSAN)'
	@EXCEPT=tests/e2e/tsan.except PORTGAUGE=$(CURDIR)/$(B)/tsan/portgauge tests/tools/run-e2e $(B)/tests/e2e/e2e \
		$(if $(SOURCE),--source $(SOURCE)) $(if $(PATTERN),'$(PATTERN)')

fuzz: ## every parser under libFuzzer, 10 seconds each; FUZZ_SECONDS=3600
	@$(MAKE) fuzz-targets B=$(B)/fuzz CC=$(CLANG) TRIPLET=$(TRIPLET) \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all'
	@tests/fuzz/run $(or $(FUZZ_SECONDS),10) $(FUZZ:$(B)/%=$(B)/fuzz/%)

fuzz-targets: $(FUZZ)

man: $(MAN) ## the manual pages, out of docs/

completions: $(COMPLETIONS) ## what bash and zsh complete

deb: ## build/deb/portgauge_*.deb, built from a clean copy
	$(Q)packaging/deb/build $(B)/deb

# Settings that are there already stay.
install: all man completions ## everything, below $(DESTDIR)$(prefix)
	$(Q)install -D -m 755 $(B)/portgauge $(DESTDIR)$(bindir)/portgauge
	$(Q)install -d $(foreach section,1 5 7,$(DESTDIR)$(mandir)/man$(section))
	$(Q)$(foreach page,$(MAN),install -m 644 $(page) $(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/;)
	$(Q)install -D -m 644 $(B)/completions/portgauge.bash $(DESTDIR)$(bashcompdir)/portgauge
	$(Q)install -D -m 644 $(B)/completions/portgauge.zsh $(DESTDIR)$(zshcompdir)/_portgauge
	$(Q)install -d $(DESTDIR)$(unitdir)
	$(Q)sed -e 's#@bindir@#$(bindir)#' -e 's#@sysconfdir@#$(sysconfdir)#' \
		packaging/systemd/portgauge.service.in > $(DESTDIR)$(unitdir)/portgauge.service
	$(Q)install -m 644 packaging/systemd/portgauge.socket $(DESTDIR)$(unitdir)/
	$(Q)[ -e $(DESTDIR)$(sysconfdir)/portgauge/portgauge.yml ] || \
		install -D -m 644 packaging/portgauge.yml $(DESTDIR)$(sysconfdir)/portgauge/portgauge.yml
	$(Q)install -d $(DESTDIR)$(datadir)/prometheus $(DESTDIR)$(datadir)/grafana $(DESTDIR)$(docdir)/examples
	$(Q)install -m 644 $(RULES) $(DESTDIR)$(datadir)/prometheus/
	$(Q)install -m 644 $(DASHBOARDS) $(DESTDIR)$(datadir)/grafana/
	$(Q)install -m 644 README.md NEWS.md SECURITY.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(docdir)/
	$(Q)install -d $(DESTDIR)$(docdir)/img
	$(Q)install -m 644 $(wildcard docs/img/*.svg) $(DESTDIR)$(docdir)/img/
	$(Q)install -m 644 packaging/README.md $(DESTDIR)$(docdir)/packaging.md
	$(Q)install -m 644 docs/portgauge.yaml packaging/systemd/fewer-privileges.conf $(DESTDIR)$(docdir)/examples/

uninstall: ## what install put there, but not the settings
	$(Q)rm -f $(DESTDIR)$(bindir)/portgauge $(DESTDIR)$(bashcompdir)/portgauge $(DESTDIR)$(zshcompdir)/_portgauge \
		$(DESTDIR)$(unitdir)/portgauge.service $(DESTDIR)$(unitdir)/portgauge.socket
	$(Q)rm -f $(foreach page,$(MAN),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	$(Q)rm -rf $(DESTDIR)$(datadir) $(DESTDIR)$(docdir)

clean: ## remove build/
	$(Q)rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# --- what comes along

$(B)/man/%: packaging/man/%.md packaging/man/page $(wildcard packaging/man/*.awk docs/*.md)
	$(call msg,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)packaging/man/page $< $(VERSION) > $@

$(B)/completions/portgauge.%: packaging/completions/portgauge.%.in packaging/completions/generate $(B)/portgauge
	$(call msg,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)packaging/completions/generate $* $(B)/portgauge > $@

# --- BPF: one object a concern, linked into one, embedded through a skeleton

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/bpf/portgauge.linked: $(BPF_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJ)

$(SKEL): $(B)/bpf/portgauge.linked
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name portgauge > $@

# --- user space

$(B)/user/sources/source_bpf.o: $(SKEL)

# It embeds them.
$(B)/exporters/page/files.o: $(wildcard exporters/page/files/* exporters/page/uplot/*)

$(B)/%.o: %.c
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/libportgauge.a: $(LIB_OBJ)
	$(call msg,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $(LIB_OBJ)

$(B)/portgauge: $(BIN_OBJ) $(B)/libportgauge.a
	$(call msg,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(SANITIZE) -o $@ $(BIN_OBJ) $(B)/libportgauge.a $(LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libportgauge.a
	$(call msg,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(SANITIZE) -o $@ $< $(B)/libportgauge.a $(LIBS) -lcmocka

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libportgauge.a
	$(call msg,LD,$@)
	$(Q)$(CC) -fsanitize=fuzzer $(SANITIZE) -o $@ $< $(B)/libportgauge.a $(LIBS)

$(B)/tests/e2e/e2e: $(E2E_OBJ) $(B)/libportgauge.a
	$(call msg,LD,$@)
	$(Q)$(CC) -o $@ $(E2E_OBJ) $(B)/libportgauge.a $(LIBS) -lcmocka

$(BENCH) $(CONFINE): %: %.o $(B)/libportgauge.a
	$(call msg,LD,$@)
	$(Q)$(CC) -o $@ $< $(B)/libportgauge.a $(LIBS)

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
