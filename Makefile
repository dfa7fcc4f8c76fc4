# The short way to everything. Each target first installs what is missing
# (tools/setup.sh); with all in place that does nothing and needs no network.
#
#   LINEAS_TORCH_DIR=<folder>   your own LibTorch instead of the downloaded one
#   PREFIX=<folder>             where `make install` puts things
#   JOBS=<n>                    compilers at once (default: one a core)
BUILD := build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
export LINEAS_TORCH_DIR
NINJA = ninja -C $(BUILD) -j $(JOBS)

EXPERIMENTS := methods slider prompts sparsity composition optimizers settings \
  images

.PHONY: help setup configure demo test bench install format clean results \
  $(EXPERIMENTS:%=results-%)
.DEFAULT_GOAL := help

help:
	@echo 'make demo      learn a map on the bundled model and steer with it'
	@echo 'make test      build everything and run every test'
	@echo 'make bench     the speed and memory figures'
	@echo 'make results-NAME  an experiment of docs/results, at most 100 minutes:'
	@echo '               $(EXPERIMENTS)'
	@echo 'make results   the page docs/results, from the cells that are there'
	@echo 'make install   program, library, headers into PREFIX (/usr/local)'
	@echo 'make format    lay out the C++ files with clang-format'
	@echo 'make clean     remove the build folder (.deps stays)'
	@echo 'make setup     only install what is missing'

setup:
	@tools/setup.sh

configure: setup
	@cmake --preset release --log-level=WARNING \
	  -DLINEAS_TORCH_DIR="$(LINEAS_TORCH_DIR)"

demo: configure
	@$(NINJA) --quiet lineas_program
	@$(BUILD)/lineas demo

test: configure
	@$(NINJA)
	@tools/run_tests.py $(BUILD)

bench: configure
	@$(NINJA)
	@bench/run.py $(BUILD)

$(EXPERIMENTS:%=results-%): results-%: configure
	@$(NINJA) --quiet lineas_program bench_measure
	@tools/results/run.py $* $(BUILD)

results:
	@tools/results/page.py

install: configure
	@$(NINJA)
	@cmake --install $(BUILD) --prefix $(PREFIX)

format:
	@tools/setup.sh --checks
	@tools/check_format.sh --fix

clean:
	rm -rf $(BUILD)
