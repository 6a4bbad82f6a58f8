# The front door of nethood.  `make help` lists what is behind it; meson does the building.
#
# Builds live under build/: release (trained: what is installed and measured), check (ASan and UBSan), plain (for lint).

BUILD  ?= build
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
SEEDS  ?= 200
FIRST  ?= 1
SEED   ?= 1
JOBS   ?= $(shell echo $$((2 * $$(nproc))))
SECONDS ?= 60
HOURS  ?= 8
NINJA  := ninja --quiet

RELEASE := $(BUILD)/release
CHECK   := $(BUILD)/check

.PHONY: all help deps demo check unit diff sim swarm planted traces fuzz coverage night valgrind lint format bench docs install clean
.SILENT:

all: $(RELEASE)/trained
	$(NINJA) -C $(RELEASE)

help:
	echo 'make           build the library and the command, trained (tools/train)'
	echo 'make demo      real programs on nethood, the kernel on the other side'
	echo 'make check     every test; the last line counts them'
	echo 'make unit      the unit tests only'
	echo 'make valgrind  the unit tests under memcheck'
	echo 'make diff      random sequences beside the kernel; SEEDS=$(SEEDS) FIRST=$(FIRST) JOBS=$(JOBS) FAMILY=4 or 6'
	echo 'make sim       one simulated world, told frame by frame; SEED=$(SEED)'
	echo 'make swarm     many of them; SEEDS=$(SEEDS) FIRST=$(FIRST)'
	echo 'make planted   bugs in a copy of the tree, which the swarm must find'
	echo 'make traces    the same seeds by gcc and clang, -O0 and -O2: are they the same worlds?'
	echo 'make fuzz      the fuzz targets; TARGET=name, SECONDS=$(SECONDS) each'
	echo 'make coverage  which branches the tests take, and docs/COVERAGE.md'
	echo 'make night     all that takes long, with a report; HOURS=$(HOURS)'
	echo 'make lint      compilers, checkers, layers, format'
	echo 'make format    write the format that lint asks for'
	echo 'make bench     measure beside other stacks; ROW=word measures the rows that hold it'
	echo 'make docs      write the generated pages of docs/'
	echo 'make deps      install the Debian packages that all of these need'
	echo 'make install   PREFIX=$(PREFIX), DESTDIR='

deps:
	tools/deps build demo check lint bench docs

demo: all
	tools/deps demo
	tools/demo $(RELEASE)/apps/nethood/nethood

check:
	tools/deps build check
	$(PYTHON) tools/check-run $(BUILD)

unit: $(CHECK)/build.ninja
	$(PYTHON) tools/check-run $(BUILD) unit

valgrind:
	tools/deps build check valgrind
	$(PYTHON) tools/check-run $(BUILD) valgrind

diff: $(CHECK)/build.ninja
	tools/deps check
	$(NINJA) -C $(CHECK)
	NETHOOD=$(abspath $(CHECK))/apps/nethood/nethood \
		$(PYTHON) tests/diff/diff --seeds $(SEEDS) --first $(FIRST) --jobs $(JOBS) --out $(BUILD)/diff \
		$(if $(FAMILY),--family $(FAMILY))

sim: all
	$(RELEASE)/tests/sim/swarm --from $(SEED) --seeds 1 --jobs 1 --out $(BUILD) -v

swarm: all
	$(RELEASE)/tests/sim/swarm --from $(FIRST) --seeds $(SEEDS) --jobs $$(nproc) --out $(BUILD)

planted:
	tools/deps build planted
	$(PYTHON) tools/planted --build $(BUILD)

traces:
	tools/deps build traces
	$(PYTHON) tools/traces --build $(BUILD)

fuzz:
	tools/deps build fuzz
	tests/fuzz/fuzz $(BUILD) run $(TARGET) --seconds $(SECONDS)

coverage:
	tools/deps build fuzz
	$(PYTHON) tools/coverage $(BUILD)
night:
	tools/deps build check valgrind
	$(PYTHON) tools/night $(HOURS) $(BUILD)

lint:
	tools/deps build lint
	$(PYTHON) tools/lint $(BUILD)

format:
	tools/deps lint
	git ls-files '*.c' '*.h' | xargs -r clang-format -i

bench: $(RELEASE)/trained
	tools/deps bench
	tools/train $(RELEASE)
	$(PYTHON) bench/run --build $(RELEASE) $(if $(ROW),--row '$(ROW)')

docs: all
	$(PYTHON) tools/gen-docs

install: all
	meson install -C $(RELEASE) --no-rebuild

clean:
	rm -rf $(BUILD)

$(RELEASE)/trained:
	tools/deps build
	mkdir -p $(BUILD)
	tools/train $(RELEASE) --prefix=$(PREFIX)

$(CHECK)/build.ninja:
	tools/deps build
	mkdir -p $(BUILD)
	meson setup $(CHECK) -Db_sanitize=address,undefined >$(CHECK).log 2>&1 || { cat $(CHECK).log; exit 1; }
