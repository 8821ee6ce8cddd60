# The commands that people type. Everything else is CMake's business: see CMakePresets.json.

.PHONY: help demo test build bench check-package fuzz format check-format clean

help:
	@echo "make demo     install what is missing, build, load-test the demo API, print the report"
	@echo "make test     install what is missing, build, run every test"
	@echo "make bench    against wrk and a raw epoll client, on one core each; BENCH=plain50 runs one case"
	@echo "make fuzz     let libFuzzer search for inputs that break a parser, FUZZ_SECONDS each (30)"
	@echo "make build    a release build in build/release"
	@echo "make check-package   what the images hold, run in a bare Debian root (needs root, debootstrap)"
	@echo "make format   clang-format over the tree"

demo: build
	@deploy/demo.sh

build:
	@deploy/install-dependencies.sh build
	@cmake --preset release > /dev/null
	@cmake --build --preset release --target sfp-master sfp-worker sfp-demo-api

# Whole programs as they are, parts with the sanitizers: each test once.
test:
	@deploy/install-dependencies.sh test
	@$(MAKE) --no-print-directory check-format
	cmake --preset debug > /dev/null
	cmake --build --preset debug --target unsanitized
	ctest --preset debug -L 'e2e|golden|arch|bench|unsanitized|long'
	cmake --preset asan > /dev/null
	cmake --build --preset asan
	ctest --preset asan

# One table, and build/bench/bench.json. QUICK=1: one short round of each. The machine should be quiet.
bench:
	@deploy/install-dependencies.sh test
	@cmake --preset release > /dev/null
	@cmake --build --preset release --target sfp-master sfp-worker sfp-bench micro-benches
	@mkdir -p build/bench
	@build/release/bin/sfp-bench --json build/bench/bench.json $(if $(QUICK),--quick) $(BENCH)

# The images' contents without an engine for them: needs root, takes a minute or two. BUILD=debug: that build.
check-package:
	@deploy/install-dependencies.sh package
	@$(if $(BUILD),,$(MAKE) --no-print-directory build)
	@tests/deploy/package.sh build/$(or $(BUILD),release)

# FUZZ=origin runs one target. What was found stays in build/fuzz/corpus, a breaking input is named.
FUZZ_SECONDS ?= 30
FUZZ ?= $(notdir $(wildcard tests/fuzz/corpus/*))
fuzz:
	@deploy/install-dependencies.sh fuzz
	@cmake --preset fuzz > /dev/null
	cmake --build --preset fuzz --target $(FUZZ:%=fuzz_%)
	@for target in $(FUZZ); do \
	  mkdir -p build/fuzz/corpus/$$target || exit 1; \
	  echo "fuzz_$$target: $(FUZZ_SECONDS) s"; \
	  build/fuzz/bin/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=build/fuzz/$$target- build/fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

sources = $(shell git ls-files '*.h' '*.cc')

format:
	@clang-format-14 -i $(sources)

check-format:
	@clang-format-14 --dry-run --Werror $(sources)

clean:
	rm -rf build
