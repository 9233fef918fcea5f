# SPDX-License-Identifier: Apache-2.0
"""Reads a table in an object store with delta-rs, or appends to it, and prints JSON.

usage: in_store.py LOCATION STORAGE_OPTIONS_JSON COUNT

With a COUNT of 0 the rows are printed, by their ids. Otherwise as many appends are made, one row and one commit each, and
the versions are printed that the table had after each.
"""

import json
import sys

import deltalake
import pyarrow

SCHEMA = pyarrow.schema(
    [
        pyarrow.field("id", pyarrow.int32(), nullable=False),
        pyarrow.field("name", pyarrow.string()),
    ]
)


def read(location, options):
    rows = deltalake.DeltaTable(location, storage_options=options).to_pyarrow_table()
    return sorted(rows.to_pylist(), key=lambda row: (row["id"], row["name"]))


def append(location, options, count):
    for number in range(count):
        rows = pyarrow.table({"id": [number], "name": [f"delta-rs {number}"]}, schema=SCHEMA)
        deltalake.write_deltalake(location, rows, mode="append", storage_options=options)
        yield deltalake.DeltaTable(location, storage_options=options).version()


location, options, count = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
result = read(location, options) if count == 0 else list(append(location, options, count))
json.dump(result, sys.stdout)
