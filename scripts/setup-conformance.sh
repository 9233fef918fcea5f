#!/bin/sh
# Installs the independent readers that conformance tests use, into .cache/venv, DuckDB with its Delta extension into
# .cache/duckdb-venv, and Spark into .cache/spark-venv where there is a Java. Safe to run again.
set -eu
cd "$(dirname "$0")/.."

install() {
  if [ ! -x ".cache/$1/bin/python" ]; then
    python3 -m venv ".cache/$1"
  fi
  ".cache/$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "conformance/$2"
}

install venv requirements.txt
.cache/venv/bin/python -c 'import deltalake, duckdb, polars, pyarrow
print("deltalake", deltalake.__version__, "duckdb", duckdb.__version__, "polars", polars.__version__, "pyarrow", pyarrow.__version__)'

install duckdb-venv duckdb-requirements.txt
.cache/duckdb-venv/bin/python -c 'import duckdb; print("duckdb", duckdb.__version__, "with the delta extension")'

if command -v java >/dev/null 2>&1; then
  install spark-venv spark-requirements.txt
  .cache/spark-venv/bin/python -c 'import pyspark; print("pyspark", pyspark.__version__)'
else
  echo "no Java: tests that need Spark will skip" >&2
fi
