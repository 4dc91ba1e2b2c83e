# The two commands are `make demo` and `make test`. Nothing is needed but make, git and python3 (3.11 or newer) with pip.

PYTHON ?= python3
PY := .venv/bin/python
UV := .tools/bin/uv
MO := shop/locale/zh_Hans/LC_MESSAGES/django.mo
export UV_PYTHON_DOWNLOADS := never
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-postgresql test-sqlite check fix setup messages requirements screenshots bench-shop clean-demo

# The shop with a year's trade in it, on this machine: web, worker and an embedded Valkey. Ctrl-C stops everything.
demo: setup
	@exec $(PY) -m shop.supervisor

# Everything on PostgreSQL (DATABASE_URL, else an embedded one), and on SQLite what SQLite could get wrong.
test: test-postgresql test-sqlite

test-postgresql: setup
	$(PY) -m pytest -n 2

test-sqlite: setup
	DATABASE_URL=sqlite:///var/test.sqlite3 $(PY) -m pytest -n 2 -m "money or stock or journey"

check: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	.venv/bin/djlint templates --lint --quiet
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py messages --check
	$(PY) -m tests.deployment

fix: setup
	-$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) manage.py messages

messages: setup
	$(PY) manage.py messages

setup: .venv/.ready $(MO)

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv

.venv/.ready: requirements/dev.txt | $(UV)
	test -x $(PY) || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --python $(PY) requirements/dev.txt
	touch $@

$(MO): shop/locale/zh_Hans/LC_MESSAGES/django.po | .venv/.ready
	$(PY) manage.py messages --compile
	touch $@

# After a change of pyproject.toml. No address of a registry gets into the files.
requirements: $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements/base.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --group dev -o requirements/dev.txt

# Pictures of the main pages, of a demo that runs: make screenshots URL=http://localhost:8000/
URL ?= http://localhost:8000/
screenshots: setup
	$(PY) -m tests.e2e.screenshots $(URL) docs/screenshots

# How quick it is, beside stock Oscar on the same goods (docs/performance.md); BENCH=--quick for development.
BENCH ?= --record
bench-shop: setup
	$(PY) -m tests.bench $(BENCH)

# The demo begins anew with the next `make demo`.
clean-demo:
	rm -rf var/demo.sqlite3* var/media var/celerybeat-schedule*
