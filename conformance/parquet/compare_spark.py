# SPDX-License-Identifier: Apache-2.0
"""Reads Parquet files and Delta tables with Apache Spark and Delta's own library and compares every value.

usage: compare_spark.py MANIFEST...

Takes the manifests of `compare.py` (flat columns, `files` and `tables`) and of `compare_nested.py` (rows); see there.
Spark's vectorised reader is used, which is the default of every Spark since 3.3.

Exits with 1 after listing the differences. Needs `pyspark` and `delta-spark` (see `spark-requirements.txt`), Java 17 and,
at its first run, the Delta library from Maven Central.
"""

import base64
import datetime
import decimal
import json
import pathlib
import struct
import sys

from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession
from pyspark.sql import functions
from pyspark.sql.types import TimestampType

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def moment(_, micros):
    return None if micros is None else EPOCH.replace(tzinfo=None) + datetime.timedelta(microseconds=micros)


# Its own way goes through the local time and fails in year 1.
TimestampType.fromInternal = moment


def session():
    builder = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
    )
    spark = configure_spark_with_delta_pip(builder).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def stored(kind, name):
    """A flat column as what Parquet stores, for the types of which Python's objects hold fewer values."""
    column = functions.col(f"`{name.replace('`', '``')}`")
    if kind == "date":
        return functions.unix_date(column)
    if kind == "timestamp":
        return functions.unix_micros(column)
    if kind == "timestamp_ntz":
        return functions.unix_micros(column.cast("timestamp"))
    return column


def plain(kind, value):
    """A flat value of Spark as the manifest of `compare.py` writes it."""
    if value is None:
        return None
    if kind == "binary":
        return base64.b64encode(bytes(value)).decode()
    if kind in ("float", "double"):
        if value != value:
            return "nan"
        return struct.pack(">f" if kind == "float" else ">d", value).hex()
    if kind.startswith("decimal"):
        scale = int(kind[:-1].split(",")[1])
        with decimal.localcontext(decimal.Context(prec=80)):
            return str(int(value.scaleb(scale)))
    return str(value) if kind in ("long", "timestamp", "timestamp_ntz") else value


def compare_flat(frame, entry, name, differences):
    columns = entry["columns"]
    selected = [stored(column["type"], column["name"]).alias(f"c{index}") for index, column in enumerate(columns)]
    rows = frame.select(*selected).collect()
    for index, column in enumerate(columns):
        found = [plain(column["type"], row[index]) for row in rows]
        if found == column["values"]:
            continue
        pairs = list(zip(found, column["values"]))
        place = next((at for at, pair in enumerate(pairs) if pair[0] != pair[1]), len(pairs))
        differences.append(
            f"{name}, column {column['name']!r}: {len(found)} values of {len(column['values'])}, "
            f"the first difference at {place}: {pairs[place : place + 1]!r:.300}"
        )


def expected(kind, value):
    """A nested value of the manifest as Python objects."""
    if value is None:
        return None
    if isinstance(kind, str):
        if kind == "date":
            return EPOCH.date() + datetime.timedelta(days=value)
        if kind in ("timestamp", "timestamp_ntz"):
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
    """A nested value of Spark as Python objects, maps as sorted lists of pairs."""
    if value is None or isinstance(kind, str):
        return value
    if kind["type"] == "struct":
        # By position: a row of Spark may have two names that differ in case only.
        return {field["name"]: found(field["type"], value[at]) for at, field in enumerate(kind["fields"])}
    if kind["type"] == "array":
        return [found(kind["elementType"], item) for item in value]
    pairs = [(found(kind["keyType"], key), found(kind["valueType"], item)) for key, item in value.items()]
    return sorted(pairs, key=lambda pair: str(pair[0]))


def compare_nested(rows, table, name, differences):
    if len(rows) != len(table["rows"]):
        differences.append(f"{name}: {len(rows)} rows of {len(table['rows'])}")
    for index, (row, wanted) in enumerate(zip(rows, table["rows"])):
        left, right = found(table["schema"], row), expected(table["schema"], wanted)
        if left != right:
            differences.append(f"{name}: row {index} is {left!r:.400}, not {right!r:.400}")
            return


def main():
    spark = session()
    differences = []
    count = 0
    for manifest_path in map(pathlib.Path, sys.argv[1:]):
        directory = manifest_path.parent
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        for entry in manifest.get("files", []):
            count += 1
            frame = spark.read.parquet(str(directory / entry["path"]))
            compare_flat(frame, entry, f"file {entry['name']}", differences)
        for table in manifest["tables"]:
            count += 1
            frame = spark.read.format("delta").load(str(directory / table["path"]))
            # Within a file rows keep their order, and so do these numbers.
            numbered = frame.select("*", "_metadata.file_name", functions.monotonically_increasing_id().alias("number"))
            ordered = numbered.orderBy("file_name", "number").drop("file_name", "number")
            if "rows" in table:
                compare_nested(ordered.collect(), table, f"table {table['path']}", differences)
            else:
                compare_flat(ordered, table, f"table {table['name']}", differences)
    for difference in differences:
        print(difference)
    print(f"Spark {spark.version}: {count} files and tables, {len(differences)} differences")
    return 1 if differences or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
