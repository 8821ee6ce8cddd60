# The commands that people type. Everything else is CMake's business: see CMakePresets.json.

.PHONY: help demo test build format check-format clean

help:
	@echo "make demo     install what is missing, build, load-test the demo API, print the report"
	@echo "make test     install what is missing, build, run every test"
	@echo "make build    a release build in build/release"
	@echo "make format   clang-format over the tree"

demo: build
	@deploy/demo.sh

build:
	@deploy/install-dependencies.sh build
	@cmake --preset release > /dev/null
	@cmake --build --preset release --target sfp-master sfp-worker sfp-demo-api

test:
	@deploy/install-dependencies.sh test
	@$(MAKE) --no-print-directory check-format
	cmake --preset debug > /dev/null
	cmake --build --preset debug
	ctest --preset debug
	cmake --preset asan > /dev/null
	cmake --build --preset asan
	ctest --preset asan

sources = $(shell git ls-files '*.h' '*.cc')

format:
	@clang-format-14 -i $(sources)

check-format:
	@clang-format-14 --dry-run --Werror $(sources)

clean:
	rm -rf build
