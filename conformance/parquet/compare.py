# SPDX-License-Identifier: Apache-2.0
"""Reads Parquet files and Delta tables with independent readers and compares every value.

usage: compare.py MANIFEST

MANIFEST is a JSON file, paths in it are relative to its directory:

    manifest := {"files": [file], "tables": [file]}       of a table, the path is that of its directory
    file     := {"name": text, "path": text, "filters": bool, "columns": [column]}
    column   := {"name": text, "type": text, "nullable": bool, "values": [value]}
    value    := null | text | bool | number               by Delta type:
                binary as base64; byte, short, integer and date as number; long, timestamp and timestamp_ntz
                (microseconds) and the unscaled integer of a decimal as decimal text;
                float and double as the big-endian bits in hexadecimal, every NaN as "nan"

Exits with 1 after listing the differences, with 0 when there are none.
Needs: pyarrow, duckdb, polars, deltalake.
"""

import base64
import decimal
import json
import math
import pathlib
import struct
import sys

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

ARROW_TYPES = {
    "string": pyarrow.string(),
    "binary": pyarrow.binary(),
    "boolean": pyarrow.bool_(),
    "byte": pyarrow.int8(),
    "short": pyarrow.int16(),
    "integer": pyarrow.int32(),
    "long": pyarrow.int64(),
    "float": pyarrow.float32(),
    "double": pyarrow.float64(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us", tz="UTC"),
    "timestamp_ntz": pyarrow.timestamp("us"),
}
# Types whose Python objects hold fewer values than the column: compared as the integers they are stored as.
STORED_AS = {"date": pyarrow.int32(), "timestamp": pyarrow.int64(), "timestamp_ntz": pyarrow.int64()}
POLARS_TYPES = {
    "byte": polars.Int8,
    "short": polars.Int16,
    "timestamp_ntz": polars.Datetime("us"),
    "integer": polars.Int32,
    "float": polars.Float32,
    "date": polars.Date,
    "timestamp": polars.Datetime("us", "UTC"),
}
FLOAT_FORMATS = {"float": ">f", "double": ">d"}


decimal.getcontext().prec = 60


def decimal_format(kind):
    """Precision and scale of a decimal type, None for other types."""
    if not kind.startswith("decimal("):
        return None
    return tuple(int(part) for part in kind[8:-1].split(","))


def arrow_type(kind):
    return pyarrow.decimal128(*decimal_format(kind)) if decimal_format(kind) else ARROW_TYPES[kind]


def decode(kind, value):
    """A value of the manifest as the Python value that a reader gives for it."""
    if value is None:
        return None
    if kind == "binary":
        return base64.b64decode(value)
    if decimal_format(kind):
        return decimal.Decimal(value).scaleb(-decimal_format(kind)[1])
    if kind in ("long", "timestamp", "timestamp_ntz"):
        return int(value)
    if kind in FLOAT_FORMATS:
        if value == "nan":
            return math.nan
        return struct.unpack(FLOAT_FORMATS[kind], bytes.fromhex(value))[0]
    return value


def is_same(left, right):
    """Equal, with NaN equal to itself and zeros told apart by their sign."""
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return type(left) is type(right) and left == right


def python_values(kind, array):
    wanted = arrow_type(kind)
    if array.type != wanted:
        array = array.cast(wanted)
    if kind in STORED_AS:
        array = array.cast(STORED_AS[kind])
    return array.to_pylist()


class Report:
    def __init__(self):
        self.comparisons = 0
        self.differences = []

    def check(self, condition, message):
        self.comparisons += 1
        if not condition:
            self.differences.append(message)


def compare_table(report, reader, file, table):
    names = [column["name"] for column in file["columns"]]
    report.check(
        table.column_names == names, f"{reader}: {file['name']}: columns {table.column_names}"
    )
    if table.column_names != names:
        return
    for index, column in enumerate(file["columns"]):
        where = f"{reader}: {file['name']}: {column['name']!r}"
        values = python_values(column["type"], table.column(index).combine_chunks())
        expected = [decode(column["type"], value) for value in column["values"]]
        report.check(len(values) == len(expected), f"{where}: {len(values)} rows")
        for row, (value, wanted) in enumerate(zip(values, expected)):
            if not is_same(value, wanted):
                report.check(False, f"{where}: row {row} is {value!r:.80}, not {wanted!r:.80}")
                break


def check_schema(report, file, schema):
    """The Parquet types, as pyarrow understands them, and which columns may be null."""
    for column in file["columns"]:
        field = schema.field(column["name"])
        where = f"pyarrow: {file['name']}: {column['name']!r}"
        report.check(field.type == arrow_type(column["type"]), f"{where}: type {field.type}")
        report.check(field.nullable == column["nullable"], f"{where}: nullable {field.nullable}")


def check_footer_statistics(report, file, path):
    """Null counts are exact; bounds hold for every value of their row group, and a NaN has none."""
    metadata = pyarrow.parquet.read_metadata(path)
    first_row = 0
    for group_index in range(metadata.num_row_groups):
        group = metadata.row_group(group_index)
        for index, column in enumerate(file["columns"]):
            where = f"footer: {file['name']}: {column['name']!r} in row group {group_index}"
            encoded = column["values"][first_row : first_row + group.num_rows]
            values = [decode(column["type"], value) for value in encoded if value is not None]
            chunk = group.column(index)
            statistics = chunk.statistics
            nulls = group.num_rows - len(values)
            report.check(statistics.null_count == nulls, f"{where}: {statistics.null_count} nulls")
            if not statistics.has_min_max:
                continue
            low, high = statistics.min_raw, statistics.max_raw
            if decimal_format(column["type"]):
                low, high = statistics.min, statistics.max
            if column["type"] == "string":
                low, high = as_bytes(low), as_bytes(high)
                values = [value.encode() for value in values]
            report.check(all(low <= value <= high for value in values), f"{where}: {low!r}..{high!r}")
        first_row += group.num_rows


def as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def filters_of(file):
    """For each column the values at its ends and one between, and how many rows hold each."""
    for column in file["columns"]:
        values = [decode(column["type"], value) for value in column["values"]]
        # Readers disagree about comparing NaN.
        values = [value for value in values if value is not None and value == value]
        distinct = sorted(set(values))
        for index in sorted({0, len(distinct) // 2, len(distinct) - 1} if distinct else ()):
            value = distinct[index]
            yield column, value, sum(1 for other in values if other == value)


def scalar_of(kind, value):
    if kind in STORED_AS:
        return pyarrow.scalar(value, STORED_AS[kind]).cast(arrow_type(kind))
    return pyarrow.scalar(value, arrow_type(kind))


def check_filters(report, reader, file, count_rows, is_able=lambda column: True):
    for column, value, expected in filters_of(file):
        if not is_able(column):
            continue
        found = count_rows(column, value)
        report.check(
            found == expected,
            f"{reader}: {file['name']}: {column['name']!r} = {value!r:.80} finds {found} of {expected} rows",
        )


def dataset_counter(dataset):
    def count_rows(column, value):
        field = pyarrow.compute.field(column["name"])
        return dataset.count_rows(filter=field == scalar_of(column["type"], value))

    return count_rows


def duckdb_counter(connection, path):
    literals = {
        "date": "DATE '1970-01-01' + ?::INTEGER",
        "timestamp": "make_timestamptz(?::BIGINT)",
        "timestamp_ntz": "make_timestamp(?::BIGINT)",
    }

    def count_rows(column, value):
        name = column["name"].replace('"', '""')
        literal = literals.get(column["type"], "?")
        if decimal_format(column["type"]):
            literal, value = f"?::{column['type']}", str(value)
        query = f'SELECT count(*) FROM read_parquet(?) WHERE "{name}" = {literal}'
        return connection.execute(query, [str(path), value]).fetchone()[0]

    return count_rows


def polars_counter(frame):
    def count_rows(column, value):
        literal = polars.lit(polars.from_arrow(pyarrow.array([value], STORED_AS.get(column["type"]))))
        if decimal_format(column["type"]):
            array = pyarrow.array([value], arrow_type(column["type"]))
            literal = polars.lit(polars.from_arrow(array))
        if column["type"] in POLARS_TYPES:
            literal = literal.cast(POLARS_TYPES[column["type"]])
        literal = literal.first()
        matching = frame.filter(polars.col(column["name"]) == literal)
        return matching.select(polars.len()).collect().item()

    return count_rows


def compare_file(report, directory, file, connection):
    path = directory / file["path"]
    table = pyarrow.parquet.read_table(path, page_checksum_verification=True)
    check_schema(report, file, table.schema)
    compare_table(report, "pyarrow", file, table)
    check_footer_statistics(report, file, path)

    relation = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
    compare_table(report, "duckdb", file, relation.to_arrow_table())
    compare_table(report, "polars", file, polars.read_parquet(path).to_arrow())

    if file.get("filters", False):
        check_filters(report, "pyarrow", file, dataset_counter(pyarrow.dataset.dataset(path)))
        check_filters(report, "duckdb", file, duckdb_counter(connection, path))
        check_filters(report, "polars", file, polars_counter(polars.scan_parquet(path)))


def bounded_columns(table):
    """Columns with both bounds in every file. to_pyarrow_dataset takes an absent bound for a null and finds nothing."""
    actions = pyarrow.table(table.get_add_actions(flatten=True))
    complete = {name for name in actions.column_names if actions.column(name).null_count == 0}
    return {name[4:] for name in complete if name.startswith("min.") and f"max.{name[4:]}" in complete}


def datafusion_counter(table):
    builder = deltalake.QueryBuilder().register("files", table)
    literals = {
        "string": lambda value: "'" + value.replace("'", "''") + "'",
        "binary": lambda value: f"X'{value.hex()}'",
        "date": lambda value: f"arrow_cast({value}, 'Date32')",
        "timestamp": lambda value: f"arrow_cast({value}, 'Timestamp(Microsecond, Some(\"UTC\"))')",
        "timestamp_ntz": lambda value: f"arrow_cast({value}, 'Timestamp(Microsecond, None)')",
        "float": lambda value: f"arrow_cast('{value!r}', 'Float32')",
        "double": lambda value: f"arrow_cast('{value!r}', 'Float64')",
    }

    def count_rows(column, value):
        literal = literals.get(column["type"], str)(value)
        if decimal_format(column["type"]):
            precision, scale = decimal_format(column["type"])
            literal = f"arrow_cast('{value:f}', 'Decimal128({precision}, {scale})')"
        query = f'SELECT count(*) AS found FROM files WHERE "{column["name"]}" = {literal}'
        return pyarrow.table(builder.execute(query).read_all()).column(0)[0].as_py()

    return count_rows


def compare_delta_table(report, directory, file):
    """The statistics of the log decide here which files a filter reads."""
    path = directory / file["path"]
    table = deltalake.DeltaTable(str(path))
    dataset = table.to_pyarrow_dataset()
    compare_table(report, "deltalake", file, dataset.to_table())
    bounded = bounded_columns(table)
    check_filters(
        report,
        "deltalake",
        file,
        dataset_counter(dataset),
        lambda column: column["name"] in bounded,
    )
    check_filters(report, "datafusion", file, datafusion_counter(table))
    check_filters(report, "polars delta", file, polars_counter(polars.scan_delta(str(path))))


def main():
    manifest_path = pathlib.Path(sys.argv[1])
    directory = manifest_path.parent
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    report = Report()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for file in manifest["files"]:
        compare_file(report, directory, file, connection)
    for table in manifest["tables"]:
        compare_delta_table(report, directory, table)
    for difference in report.differences:
        print(difference)
    print(f"{report.comparisons} checks, {len(report.differences)} differences")
    return 1 if report.differences or report.comparisons == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
