# SPDX-License-Identifier: Apache-2.0
"""Reads Delta tables with nested columns with independent readers and compares every value.

usage: compare_nested.py MANIFEST

    manifest := {"tables": [{"path": directory, "files": [path], "schema": Delta schema, "rows": [row]}]}
    row      := {column: value}              maps as lists of pairs; BIGINT, TIMESTAMP (microseconds) and DECIMAL as text

Exits with 1 after listing the differences. Needs: pyarrow, duckdb, polars, deltalake.
"""

import datetime
import decimal
import json
import pathlib
import sys

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def expected(kind, value):
    """A value of the manifest as Python readers give it."""
    if value is None:
        return None
    if isinstance(kind, str):
        if kind == "date":
            return EPOCH.date() + datetime.timedelta(days=value)
        if kind == "timestamp":
            return EPOCH + datetime.timedelta(microseconds=int(value))
        if kind == "timestamp_ntz":
            return EPOCH.replace(tzinfo=None) + datetime.timedelta(microseconds=int(value))
        if kind.startswith("decimal"):
            return decimal.Decimal(value)
        if kind == "double":
            return float(value)
        return int(value) if kind == "long" else value
    if kind["type"] == "struct":
        return {field["name"]: expected(field["type"], value[field["name"]]) for field in kind["fields"]}
    if kind["type"] == "array":
        return [expected(kind["elementType"], item) for item in value]
    pairs = [(expected(kind["keyType"], key), expected(kind["valueType"], item)) for key, item in value]
    return sorted(pairs, key=lambda pair: str(pair[0]))


def found(kind, value):
    """A value of a reader, with maps as sorted lists of pairs."""
    if value is None or isinstance(kind, str):
        return value
    if kind["type"] == "struct":
        return {field["name"]: found(field["type"], value[field["name"]]) for field in kind["fields"]}
    if kind["type"] == "array":
        return [found(kind["elementType"], item) for item in value]
    pairs = [(item["key"], item["value"]) if isinstance(item, dict) else item for item in value]
    pairs = [(key, found(kind["valueType"], item)) for key, item in pairs]
    return sorted(pairs, key=lambda pair: str(pair[0]))


def compare(reader, table, rows, differences):
    kind = table["schema"]
    if len(rows) != len(table["rows"]):
        differences.append(f"{reader}: {table['path']}: {len(rows)} rows of {len(table['rows'])}")
    for index, (row, wanted) in enumerate(zip(rows, table["rows"])):
        left, right = found(kind, row), expected(kind, wanted)
        if left != right:
            differences.append(f"{reader}: {table['path']}: row {index} is {left!r:.400}, not {right!r:.400}")
            return


def main():
    manifest_path = pathlib.Path(sys.argv[1])
    directory = manifest_path.parent
    differences = []
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    tables = json.loads(manifest_path.read_text(encoding="utf-8"))["tables"]
    for table in tables:
        paths = [str(directory / path) for path in table["files"]]
        arrow = pyarrow.concat_tables(pyarrow.parquet.read_table(path) for path in paths)
        compare("pyarrow", table, arrow.to_pylist(), differences)
        relation = connection.execute("SELECT * FROM read_parquet(?)", [paths])
        compare("duckdb", table, relation.to_arrow_table().to_pylist(), differences)
        frame = polars.read_parquet(paths)
        compare("polars", table, frame.to_arrow().to_pylist(), differences)
        delta = deltalake.DeltaTable(str(directory / table["path"])).to_pyarrow_dataset().to_table()
        compare("deltalake", table, delta.to_pylist(), differences)
    for difference in differences:
        print(difference)
    print(f"{len(tables)} tables, {len(differences)} differences")
    return 1 if differences or not tables else 0


if __name__ == "__main__":
    sys.exit(main())
