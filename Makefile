# The commands of daily work. Each one installs what is missing first.
.DEFAULT_GOAL := help
.PHONY: help demo test prove bench build wheel format tidy clean

help:    ## this list
	@sed -n 's/^\([a-z]*\): *## \(.*\)/  make \1	\2/p' Makefile

demo:    ## sets up, builds, and shows the main job on real bars
	@tools/demo

test:    ## sets up, builds, runs all tests and checks; ends with their count
	@tools/test

prove:   ## the long proofs: sanitizers, clang-tidy and more (PROOFS="tsan ..." for some)
	@tools/prove $(PROOFS)

bench:   ## builds and runs the benchmarks
	@tools/bench

build:   ## builds the program and the tests for daily work, into build/dev
	@tools/build dev

wheel:   ## makes dist/: an sdist, and a wheel that needs no compiler and no library of the system's
	@tools/wheel

format:  ## formats the sources
	@tools/setup && tools/format

tidy:    ## checks floors, limits and names
	@tools/setup && tools/tidy

clean:   ## removes what was built; keeps what setup installed
	rm -rf build dist demo-lake
