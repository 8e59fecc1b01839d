# `make demo` and `make test` need nothing but Python 3.11 or newer, git and make.
# /usr/sbin, where SLURM's daemons lie, is not on everybody's path.
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin
READY := .venv/installed.lock

.PHONY: demo test test-browser test-cluster test-faults lint format docs lock bench bench-scale

demo: $(READY)
	snakemake
	@echo "The report: file://$(CURDIR)/results/report.html"

test: $(READY)
	python -m pytest

test-browser: $(READY)
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
		|| { apt-get update && apt-get install -y chromium chromium-driver; } \
		|| { echo "test-browser needs a Chromium and its driver: as root, apt-get install chromium chromium-driver" >&2; exit 1; }
	python -m pytest tests/browser

test-cluster: $(READY)
	@{ command -v slurmctld && command -v slurmd && command -v munged && command -v sbatch; } >/dev/null \
		|| { apt-get update && apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge; } \
		|| echo "test-cluster needs a SLURM: as root, apt-get install slurmctld slurmd slurm-client munge" >&2
	python -m pytest tests/cluster

test-faults: $(READY)
	python -m pytest tests/faults

lint: $(READY)
	ruff check . && ruff format --check .
	snakefmt --check Snakefile workflow/rules
	snakemake --lint

format: $(READY)
	ruff check --fix-only --quiet . ; ruff format . && snakefmt Snakefile workflow/rules

docs: $(READY)
	PYTHONPATH=workflow python -m scbraid.config.manual

bench: $(READY)
	PYTHONPATH=workflow python tests/benchmarks/bench_cvae.py

bench-scale: $(READY)
	PYTHONPATH=workflow python tests/benchmarks/scale.py

$(READY): envs/requirements.lock
	envs/install.sh

lock:
	envs/lock.sh
