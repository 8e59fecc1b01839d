# `make demo` and `make test` need nothing but Python 3.11 or newer, git and make.
# What runs is in envs/requirements.lock; what tests and checks need is in envs/dev.lock, for those who call these targets.
# /usr/sbin, where SLURM's daemons lie, is not on everybody's path.
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin
READY := .venv/installed.lock
DEV := .venv/installed-dev.lock
SNAKEFILES := Snakefile workflow/Snakefile workflow/rules

.PHONY: demo test test-quick test-browser test-cluster test-faults lint format docs lock release-notes bench bench-scale

demo: $(READY)
	snakemake
	@echo "The report: file://$(CURDIR)/results/report.html"

test: $(DEV)
	python -m pytest -n auto --durations=25 --cov

test-quick: $(DEV)
	python -m pytest tests/unit -m "not slow" -n auto

test-browser: $(DEV)
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
		|| { apt-get update && apt-get install -y chromium chromium-driver; } \
		|| { echo "test-browser needs a Chromium and its driver: as root, apt-get install chromium chromium-driver" >&2; exit 1; }
	python -m pytest tests/browser

test-cluster: $(DEV)
	@{ command -v slurmctld && command -v slurmd && command -v munged && command -v sbatch; } >/dev/null \
		|| { apt-get update && apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge; } \
		|| echo "test-cluster needs a SLURM: as root, apt-get install slurmctld slurmd slurm-client munge" >&2
	python -m pytest tests/cluster

test-faults: $(DEV)
	python -m pytest tests/faults

lint: $(DEV)
	ruff check . && ruff format --check .
	snakefmt --check $(SNAKEFILES)
	mypy
	snakemake --lint

format: $(DEV)
	ruff check --fix-only --quiet . ; ruff format . && snakefmt $(SNAKEFILES)

docs: $(READY)
	PYTHONPATH=workflow python -m scbraid.config.manual

bench: $(DEV)
	PYTHONPATH=workflow python tests/benchmarks/bench_cvae.py

bench-scale: $(DEV)
	PYTHONPATH=workflow python tests/benchmarks/scale.py

$(READY): envs/requirements.lock
	envs/install.sh

$(DEV): $(READY) envs/dev.lock
	envs/install.sh dev

lock:
	envs/lock.sh

# What CHANGELOG.md says of the version in workflow/scbraid/__init__.py, which is the one place that sets it.
release-notes:
	@awk -v "version=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' workflow/scbraid/__init__.py)" \
		'/^## /{shown = index($$0, "[" version "]")} shown' CHANGELOG.md
