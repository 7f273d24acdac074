# SPDX-License-Identifier: GPL-3.0-or-later
#
# What `make check` is made of. ONLY=word runs the tests whose path contains it, JOBS=N that many at a time.

JOBS ?= $(shell nproc)
TIME_LIMIT ?= 300
FUZZ_SECONDS ?= 5
ASAN := $(O)/asan
ASAN_MAKE = $(MAKE) O=$(ASAN) SANITIZE=address,undefined CFLAGS="-O1 -g"
# Fuzzers see which code an input reaches; see tests/fuzz/driver.c.
FUZZ := $(O)/fuzz
FUZZ_MAKE = $(MAKE) O=$(FUZZ) SANITIZE=address,undefined CFLAGS="-O1 -g -fsanitize-coverage=trace-pc"

# hp-diff that counts its own basic blocks; see tests/bench/count_work.c.
COUNT := $(O)/count
COUNT_MAKE = $(MAKE) O=$(COUNT) CFLAGS="-O1 -fsanitize-coverage=trace-pc" LDFLAGS=tests/bench/count_work.c

# Live tests: scripts, and programs of one C file each (tests/live/test_*.c); other files there are their helpers.
LIVE_SCRIPTS := $(wildcard tests/live/*.sh)
LIVE_PROGRAMS := $(patsubst tests/live/%.c,$(O)/tests/live/%,$(wildcard tests/live/test_*.c))
OTHER_SCRIPTS := $(wildcard tests/style*.sh tests/format*.sh tests/cli/*.sh) tests/cases/table.py
# The stories of README and tutorial, and real fixes: they need minutes.
STORIES := $(wildcard tests/story/*.sh)
FUZZERS := $(patsubst tests/fuzz/%.c,$(FUZZ)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
# Needs QEMU and 330 MB of downloads; the rest of tests/kernel is check-kernel.
KERNEL_SUBSET := tests/kernel/subset.sh tests/kernel/bad-input.sh tests/kernel/objects.sh
# What hp-diff says of edits and mutations of real programs, beside an independent comparison.
PROPERTIES := $(wildcard tests/property/check-*)
ASAN_UNIT_TESTS := $(patsubst $(O)/%,$(ASAN)/%,$(UNIT_TESTS))

# A program for live tests may use the libraries as the unit tests do.
$(O)/tests/live/%: $(O)/tests/live/%.o $(foreach f,$(TEST_LIBS),$(call archive,$(f)))
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(ALL_LDFLAGS) -o $@ $^ -ldw -lelf $(LIBS_opcodes) -lsodium -lz -ljansson -llzma -lzstd -lbz2

# A fuzzer is one function, LLVMFuzzerTestOneInput(); tests/fuzz/driver.c makes the inputs.
$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/driver.o $(foreach f,$(TEST_LIBS),$(call archive,$(f)))
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -ldw -lelf $(LIBS_opcodes) -lsodium -lz -ljansson -llzma -lzstd -lbz2

# This one calls hp-diff itself, whose main() goes by another name there.
$(O)/tests/fuzz/hp-diff-main.o: $(O)/tools/hp-diff.o
	@mkdir -p $(@D)
	$(call say,OBJCOPY)objcopy --redefine-sym main=hp_diff_main $< $@

HP_DIFF_PARTS := $(patsubst %.c,$(O)/%.o,$(wildcard tools/hp-diff-*.c tools/common*.c))
$(O)/tests/fuzz/fuzz_diff: $(O)/tests/fuzz/hp-diff-main.o $(HP_DIFF_PARTS)

test-programs: $(BINARIES) $(O)/bin/hp-config $(O)/libhp.a $(O)/libhp.so plugin $(UNIT_TESTS) $(LIVE_PROGRAMS)
fuzz-programs: $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
unit-programs: $(UNIT_TESTS)

# Pairs of builds of Debian's packages, kept from one run to the next.
PAIRS = $(abspath $(O))/pairs

RUN = HP_BIN=$(abspath $(O)/bin) HP_BUILD=$(abspath $(O)) HP_PAIRS=$(PAIRS) HP_PROPERTY=$(abspath $(O))/property CC="$(CC)" FUZZ_SECONDS=$(FUZZ_SECONDS) \
	ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
	tests/run --jobs=$(JOBS) --time-limit=$(TIME_LIMIT) --only=$(ONLY)

check: test-programs
	+$(ASAN_MAKE) unit-programs
	+$(FUZZ_MAKE) fuzz-programs
	+$(COUNT_MAKE) $(COUNT)/bin/hp-diff
	@$(RUN) --out=$(O)/tests/out --unit $(UNIT_TESTS) $(ASAN_UNIT_TESTS) \
		--script $(LIVE_SCRIPTS) $(LIVE_PROGRAMS) $(OTHER_SCRIPTS) $(STORIES) $(PROPERTIES) $(KERNEL_SUBSET) $(FUZZERS)

check-unit: unit-programs
	@$(RUN) --out=$(O)/tests/out --unit $(UNIT_TESTS)

check-live: test-programs
	@$(RUN) --out=$(O)/tests/out --script $(LIVE_SCRIPTS) $(LIVE_PROGRAMS)

check-style:
	@$(RUN) --out=$(O)/tests/out --script $(wildcard tests/style*.sh)

check-story: test-programs
	@$(RUN) --out=$(O)/tests/out --script $(STORIES)

# Unit tests, live tests and the tools themselves with the sanitizers in them.
check-sanitize:
	+$(ASAN_MAKE) test-programs
	+$(FUZZ_MAKE) fuzz-programs
	HP_SANITIZED=1 HP_BIN=$(abspath $(ASAN)/bin) HP_BUILD=$(abspath $(ASAN)) CC="$(CC)" FUZZ_SECONDS=$(FUZZ_SECONDS) \
		ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
		tests/run --jobs=$(JOBS) --time-limit=600 --only=$(ONLY) --out=$(ASAN)/tests/out \
		--unit $(ASAN_UNIT_TESTS) --script $(LIVE_SCRIPTS) $(LIVE_PROGRAMS:$(O)/%=$(ASAN)/%) $(FUZZERS)

# Hundreds of mutations; each file with each edit that means nothing. SEED=N begins where an earlier run did.
PROPERTY_RUN = HP_BIN=$(abspath $(O)/bin) tests/property/$(1) --fetched=$(O)/property/src --work=$(O)/property \
	--cc="$(CC)" --jobs=$(JOBS) $(if $(SEED),--seed=$(SEED)) --count=$(or $(COUNT),$(2))
check-mutation: all
	$(call PROPERTY_RUN,mutate.py,400)

check-property: all
	$(call PROPERTY_RUN,property.py,all)

# Real fixes in single objects of the kernel, x86_64 in the distribution's configuration and two foreign machines: COUNT files of each
# by SEED. Downloads 280 MB of sources, keeps 4 GB below build/kernel.
check-kernel-fixes: all
	HP_BIN=$(abspath $(O)/bin) JOBS=$(JOBS) COUNT=$(COUNT) SEED=$(SEED) tests/property/kernel-fixes.sh \
		"$(or $(HP_KERNEL_CACHE),$(abspath $(O))/kernel)" $(MACHINE)

# The long sweep: the applier killed at every system call and at random instants, thousands of times.
check-kill: test-programs
	HP_KILLS=all $(RUN) --time-limit=7200 --out=$(O)/tests/out --script $(wildcard tests/live/*kill*.sh) \
		$(filter %kill%,$(LIVE_PROGRAMS))

fuzz:
	+$(FUZZ_MAKE) fuzz-programs
	@$(RUN) --time-limit=7200 --out=$(O)/tests/out --script $(FUZZERS)
fuzz: FUZZ_SECONDS = 600

# Every fix of tests/corpus/fixes.tsv; the table and the coverage at the end.
check-corpus: all
	@$(RUN) --time-limit=10800 --out=$(O)/tests/out --script tests/corpus/fixes.sh; \
		status=$$?; cat $(PAIRS)/fixes.md; exit $$status

# The table of compiler habits (testdata/cases) over all compilers, levels, modes and machines; `make check` runs a part.
check-cases: all
	@HP_BIN=$(abspath $(O)/bin) tests/cases/table.py --full --jobs=$(JOBS) --case=$(ONLY)

# No instruction changes: whole programs, each object with the plugin and without.
check-plugin: all
	HP_BUILD=$(abspath $(O)) CC="$(CC)" JOBS=$(JOBS) tests/plugin/sweep.sh $(O)/plugin-sweep

# The plugin of every GCC that is installed; setup.sh with this goal installs all that the distribution has.
check-plugin-compilers: test-programs
	@$(RUN) --time-limit=7200 --out=$(O)/tests/out --script tests/live/plugin-builds.sh

# How many refusals and needless changes disappear with the plugin, over real fixes of PACKAGE; with PATCHES and KERNEL_TREE (as
# hp-kbuild --prepare leaves it) over the kernel's objects as well.
PLUGIN_PAIRS = $(abspath $(O))/plugin-pairs
check-plugin-refusals: all
	HP_CFLAGS="-fplugin=$(abspath $(O))/gcc-plugin/hotpatch.so" JOBS=$(JOBS) tests/corpus/pairs.sh $(PLUGIN_PAIRS) tests/corpus/fixes.tsv $(or $(PACKAGE),redis)
	$(if $(PATCHES),HP_PLUGIN=$(abspath $(O))/gcc-plugin/hotpatch.so tests/plugin/refusals.py kernel $(KERNEL_TREE) $(PLUGIN_PAIRS)/pairs/kernel $(PATCHES))
	HP_BIN=$(abspath $(O)/bin) tests/plugin/refusals.py count $(sort $(dir $(wildcard $(PLUGIN_PAIRS)/pairs/*/*/new)))

# Packages for the distribution's stock kernel, in QEMU; downloads 330 MB once and keeps them in build/kernel.
check-kernel: all
	@$(RUN) --out=$(O)/tests/out --script $(KERNEL_SUBSET) tests/kernel/check.sh tests/kernel/export.sh tests/kernel/tutorial.sh \
		tests/kernel/cold.sh tests/kernel/traps.sh tests/kernel/real.sh tests/kernel/other-arch.sh

demo: all
	@HP_BIN=$(abspath $(O)/bin) HP_PAIRS=$(PAIRS) demo/redis/run.sh $(O)/demo

demo-quick: all
	@HP_BIN=$(abspath $(O)/bin) CC="$(CC)" demo/quick/run.sh $(O)/demo-quick

bench: all
	@HP_BIN=$(abspath $(O)/bin) HP_PAIRS=$(PAIRS) CC="$(CC)" tests/bench/bench.sh $(O)/bench

lint:
	tests/lint.sh

.PHONY: check check-kernel check-kernel-fixes check-plugin check-plugin-compilers check-plugin-refusals check-mutation check-property check-unit check-live check-style check-story check-sanitize check-kill check-corpus check-cases fuzz demo demo-quick bench lint \
	test-programs fuzz-programs unit-programs
