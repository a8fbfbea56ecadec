# The two commands of the README, `make demo` and `make test`, set everything up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: install demo incident test slow bench-judge check clean bench-flow bench-instructions bench-verdict bench-idle bench-org

install: $(READY)

# Compiled at once: a lab starts processes by the dozen, and not everywhere may Python write bytecode by the way.
$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m compileall -q exsim tests
	@touch $(READY)

demo: install
	@$(BIN)/exsim demo

# Every observation of the incident, with its cause and without it: some six minutes.
incident: install
	@$(BIN)/exsim incident

# First everything that needs no process, then the labs; a lab mostly waits, so two of them share the cores.
test: install
	@$(BIN)/python -m pytest -m "not lab and not slow" -n auto
	@$(BIN)/python -m pytest -m "lab and not slow" -n 2 --dist loadfile

# What takes minutes: the table of assumptions, configurations in pairs and in blocks, a farm as a stranger meets it, stop rules,
# cleaning up, dead workers, NTLM behind each balancer.
slow: install
	@$(BIN)/python -m pytest -m slow

# A history of a million hops judged: seconds and the peak of memory.
bench-judge: install
	@$(BIN)/python -m tests.bench.judge

# A cold run to its decided verdict, five times: where the seconds go.
bench-verdict: install
	@$(BIN)/python -m tests.bench.verdict

# What a parked user costs (ActiveSync Ping, OWA's notification channel), 10,000 of them in one process: some four minutes.
bench-idle: install
	@$(BIN)/python -m tests.bench.idle

# What a request costs the simulated organisation: a node by itself, and the whole lab through HAProxy.
bench-org: install
	@$(BIN)/python -m tests.bench.org

# Figures, no verdicts (python -m tests.bench.flow -h says how they are taken): CPU a request beside other load
# tools, some ten minutes; user instructions a request under valgrind, some five.
bench-flow: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@$(BIN)/python -m tests.bench.flow

bench-instructions: install
	@$(BIN)/python -m tests.bench.instructions

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict exsim

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
