# SPDX-License-Identifier: Apache-2.0
"""Reads a Delta table with independent engines and prints what each of them sees, as one JSON object.

usage: read_table.py LOCATION [ENGINE...]

ENGINE names those that read rows: all by default. The engines are delta-rs (`deltalake`), Polars over delta-rs, and DuckDB, which is given the file list that delta-rs
takes from the log and reads the Parquet files itself. Values are printed exactly: integers as text, timestamps as
microseconds since 1970, binary as hexadecimal, floating-point numbers as `float.hex`.
"""

import json
import sys

import deltalake
import duckdb
import polars
import pyarrow

from plain_values import plain

def rows_of(table):
    return [[plain(value) for value in row.values()] for row in pyarrow.table(table).to_pylist()]


def adds_of(table):
    adds = pyarrow.table(table.get_add_actions(flatten=True)).to_pylist()
    return [{key: plain(value) for key, value in add.items()} for add in adds]


def main():
    location = sys.argv[1]
    readers = {
        "deltalake": lambda: rows_of(table.to_pyarrow_table()),
        "polars": lambda: rows_of(polars.read_delta(location).to_arrow()),
        "duckdb": lambda: duckdb_rows,
    }
    engines = sys.argv[2:] or list(readers)
    table = deltalake.DeltaTable(location)
    uris = table.file_uris()
    names = [field.name for field in table.schema().fields]
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    duckdb_rows = []
    for uri in uris:
        relation = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [uri])
        duckdb_rows += rows_of(relation.to_arrow_table())
    protocol = table.protocol()
    print(
        json.dumps(
            {
                "versions": {
                    "deltalake": deltalake.__version__,
                    "polars": polars.__version__,
                    "duckdb": duckdb.__version__,
                },
                "version": table.version(),
                "protocol": [protocol.min_reader_version, protocol.min_writer_version],
                "schema": json.loads(table.schema().to_json()),
                "name": table.metadata().name,
                "configuration": table.metadata().configuration,
                "operations": [entry.get("operation") for entry in table.history()],
                "adds": adds_of(table),
                "rows": {engine: readers[engine]() for engine in engines},
            }
        )
    )


main()
