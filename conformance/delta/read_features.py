# SPDX-License-Identifier: Apache-2.0
"""Reads Delta tables that use features of the protocol with delta-rs and, where files hold all of a table's columns by
their names, with DuckDB. Prints the rows of each table as one JSON object.

usage: read_features.py DIRECTORY NAME...

Values are printed as `plain_values.py` says, structs and maps as lists of pairs; a variant is left out, since these engines give only its bytes.
"""

import json
import sys

import deltalake
import duckdb
import pyarrow

from plain_values import plain


def plain_of_arrow(value):
    """Arrow gives a struct as a dict, printed as pairs, and a map as a list of pairs."""
    if isinstance(value, dict):
        return [[key, plain_of_arrow(item)] for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain_of_arrow(item) for item in value]
    return plain(value)


def rows_of(table):
    rows = pyarrow.table(table).to_pylist()
    return [[plain_of_arrow(value) for value in row.values()] for row in rows]


def delta_rows(table):
    names = ", ".join(quoted(field.name) for field in table.schema().fields)
    result = deltalake.QueryBuilder().register("t", table).execute(f"SELECT {names} FROM t")
    return rows_of(result.read_all())


def duckdb_rows(table):
    names = ", ".join(quoted(field.name) for field in table.schema().fields)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = []
    for uri in table.file_uris():
        relation = connection.execute(f"SELECT {names} FROM read_parquet(?)", [uri])
        rows += rows_of(relation.to_arrow_table())
    return rows


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def reading_of(location):
    table = deltalake.DeltaTable(location)
    metadata = table.metadata()
    is_mapped = "delta.columnMapping.mode" in metadata.configuration
    has_plain_files = not is_mapped and not metadata.partition_columns
    return {
        "deltalake": delta_rows(table),
        "duckdb": duckdb_rows(table) if has_plain_files else None,
    }


def main():
    directory, *names = sys.argv[1:]
    print(json.dumps({name: reading_of(f"{directory}/{name}") for name in names}))


main()
