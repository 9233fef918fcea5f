#!/bin/sh
# Installs the independent readers that conformance tests use, into .cache/venv. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .cache/venv/bin/python ]; then
  python3 -m venv .cache/venv
fi
.cache/venv/bin/python -m pip install --quiet --disable-pip-version-check -r conformance/requirements.txt
.cache/venv/bin/python -c 'import deltalake, duckdb, polars, pyarrow
print("deltalake", deltalake.__version__, "duckdb", duckdb.__version__, "polars", polars.__version__, "pyarrow", pyarrow.__version__)'
