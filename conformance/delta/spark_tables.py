# SPDX-License-Identifier: Apache-2.0
"""Makes Delta tables with Apache Spark that use what readers have to know, and prints on the last line what Spark reads
of each, as one JSON object by the table's name.

usage: spark_tables.py DIRECTORY

Each table is a directory of its own. Values are printed as `read_table.py` prints them, and DECIMAL as text, structs and
maps as lists of pairs, in the order of the keys. VARIANT is read as JSON text.
"""

import datetime
import decimal
import json
import sys

from pyspark.sql import Row

from plain_values import plain
from spark_session import session


def exact(value):
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, Row):
        return [[name, exact(item)] for name, item in zip(value.__fields__, value)]
    if isinstance(value, dict):
        return sorted(([exact(key), exact(item)] for key, item in value.items()), key=lambda pair: str(pair[0]))
    if isinstance(value, list):
        return [exact(item) for item in value]
    return plain(value)


class Maker:
    def __init__(self, spark, directory):
        self.spark = spark
        self.directory = directory
        self.readings = {}

    def location(self, name):
        return f"{self.directory}/{name}"

    def sql(self, name, *statements):
        for statement in statements:
            self.spark.sql(statement.replace("TABLE_", f"delta.`{self.location(name)}`"))

    def read(self, name, columns="*"):
        frame = self.spark.sql(f"SELECT {columns} FROM delta.`{self.location(name)}`")
        self.readings[name] = {
            "columns": frame.columns,
            "rows": [[exact(value) for value in row] for row in frame.collect()],
        }


DELETION_VECTORS = "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"


def deletion_vectors(make):
    make.sql(
        "deletion_vectors",
        f"CREATE TABLE TABLE_ (id BIGINT, name STRING) USING delta {DELETION_VECTORS}",
        "INSERT INTO TABLE_ SELECT id, concat('name ', id) FROM range(0, 200000, 1, 1)",
        "DELETE FROM TABLE_ WHERE id % 7 = 3",
        "DELETE FROM TABLE_ WHERE id BETWEEN 70000 AND 90000",
        "INSERT INTO TABLE_ SELECT id, 'late' FROM range(300000, 300010, 1, 1)",
        "DELETE FROM TABLE_ WHERE id IN (300001, 199999, 0)",
        "UPDATE TABLE_ SET name = 'changed' WHERE id = 5",
    )
    make.read("deletion_vectors")


def mapping(make, mode):
    name = f"mapping_{mode}"
    make.sql(
        name,
        "CREATE TABLE TABLE_ (id INT, gone STRING, part STRING, deep STRUCT<a: INT, b: STRING, list: ARRAY<STRUCT<x: INT>>>)"
        " USING delta PARTITIONED BY (part)"
        f" TBLPROPERTIES ('delta.columnMapping.mode' = '{mode}', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')",
        "INSERT INTO TABLE_ VALUES (1, 'g', 'p', named_struct('a', 1, 'b', 'one', 'list', array(named_struct('x', 1)))),"
        " (2, 'h', 'q', NULL)",
        "ALTER TABLE TABLE_ RENAME COLUMN id TO number",
        "ALTER TABLE TABLE_ RENAME COLUMN part TO kind",
        "ALTER TABLE TABLE_ DROP COLUMN gone",
        "ALTER TABLE TABLE_ RENAME COLUMN deep.b TO text",
        "ALTER TABLE TABLE_ DROP COLUMN deep.a",
        "ALTER TABLE TABLE_ ADD COLUMNS (gone INT, deep.a STRING, deep.list.element.y STRING)",
        "INSERT INTO TABLE_ (number, kind, deep, gone) VALUES"
        " (3, 'p', named_struct('text', 'three', 'list', array(NULL, named_struct('x', 3, 'y', 'why')), 'a', 'A'), 33)",
        "ALTER TABLE TABLE_ RENAME COLUMN number TO `a b,c`",
    )
    make.read(name)


HOSTILE = ["", " ", "a/b", "a=b", "100%", "%41", "é\u00e9日本", "quo'te\"", "new\nline", "a\\b", "__HIVE_DEFAULT_PARTITION__x", "null", None]


def partitions(make):
    when = datetime.datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=datetime.timezone.utc)
    rows = [
        (
            index,
            text,
            index % 2 == 0 if index != 3 else None,
            (-1) ** index * index,
            datetime.date(1969, 12, 31) + datetime.timedelta(days=index) if index != 4 else None,
            when + datetime.timedelta(microseconds=index),
            (when + datetime.timedelta(hours=index)).replace(tzinfo=None),
            decimal.Decimal(index) / 100 - 5,
            0.1 * index,
            -(2**62) - index,
        )
        for index, text in enumerate(HOSTILE)
    ]
    schema = "id INT, text STRING, flag BOOLEAN, small SMALLINT, day DATE, at TIMESTAMP, local TIMESTAMP_NTZ, price DECIMAL(20,4), ratio DOUBLE, big BIGINT"
    frame = make.spark.createDataFrame(rows, schema)
    keys = ["text", "flag", "small", "day", "at", "local", "price", "ratio", "big"]
    frame.coalesce(1).write.format("delta").partitionBy(*keys).save(make.location("partitions"))
    make.read("partitions")


def type_widening(make):
    make.sql(
        "type_widening",
        "CREATE TABLE TABLE_ (id INT, b BYTE, s SHORT, i INT, f FLOAT, d DECIMAL(5, 2), t DATE, w INT, n SHORT, l BIGINT,"
        " deep STRUCT<x: INT>, list ARRAY<INT>)"
        " USING delta TBLPROPERTIES ('delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported')",
        "INSERT INTO TABLE_ VALUES (1, 127Y, -32768S, 2147483647, 0.1F, 123.45, DATE'1969-12-31', 7, 12S, 9223372036854775807,"
        " named_struct('x', 1), array(1, NULL)), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "ALTER TABLE TABLE_ ALTER COLUMN b TYPE BIGINT",
        "ALTER TABLE TABLE_ ALTER COLUMN s TYPE INT",
        "ALTER TABLE TABLE_ ALTER COLUMN i TYPE BIGINT",
        "ALTER TABLE TABLE_ ALTER COLUMN f TYPE DOUBLE",
        "ALTER TABLE TABLE_ ALTER COLUMN d TYPE DECIMAL(30, 10)",
        "ALTER TABLE TABLE_ ALTER COLUMN t TYPE TIMESTAMP_NTZ",
        "ALTER TABLE TABLE_ ALTER COLUMN w TYPE DOUBLE",
        "ALTER TABLE TABLE_ ALTER COLUMN n TYPE DECIMAL(12, 2)",
        "ALTER TABLE TABLE_ ALTER COLUMN l TYPE DECIMAL(22, 1)",
        "ALTER TABLE TABLE_ ALTER COLUMN deep.x TYPE BIGINT",
        "ALTER TABLE TABLE_ ALTER COLUMN list.element TYPE BIGINT",
        "INSERT INTO TABLE_ VALUES (3, 9223372036854775807, 2147483647, -9223372036854775808, 0.1D, 12345678901234567890.0123456789,"
        " TIMESTAMP_NTZ'2024-02-29 12:30:00.123456', 0.5D, 12345.67, 1.5, named_struct('x', 9223372036854775807), array(9223372036854775807))",
    )
    make.read("type_widening")


VARIANTS = [
    "null",
    "true",
    "1",
    "-129",
    "40000",
    "9007199254740993",
    "-9223372036854775808",
    "12345678901234567890123.45678",
    "0.1",
    '"short"',
    '"' + "long é" * 20 + '"',
    "[]",
    "{}",
    '[1,[2,null],{"a":[]}]',
    '{"a":1,"b":{"__proto__":"x","deep":[1,2,3]},"é":"ü"}',
]


def variant(make):
    make.sql("variant", "CREATE TABLE TABLE_ (id INT, v VARIANT, list ARRAY<VARIANT>, deep STRUCT<v: VARIANT>) USING delta")
    parts = [
        f"SELECT {index} AS id, parse_json(r'{text}') AS v, array(parse_json(r'{text}'), NULL) AS list,"
        f" named_struct('v', parse_json(r'{text}')) AS deep"
        for index, text in enumerate(VARIANTS)
    ]
    casts = [
        "DATE'2024-02-29'",
        "TIMESTAMP'2024-02-29 12:30:00.123456Z'",
        "TIMESTAMP_NTZ'1969-12-31 23:59:59.5'",
        "X'00ff'",
        "CAST(1.25 AS DECIMAL(10, 2))",
        "CAST('-0.25' AS FLOAT)",
    ]
    for index, value in enumerate(casts):
        parts.append(f"SELECT {100 + index}, CAST({value} AS VARIANT), array(), named_struct('v', CAST(NULL AS VARIANT))")
    parts.append("SELECT 200, CAST(NULL AS VARIANT), NULL, NULL")
    make.sql("variant", "INSERT INTO TABLE_ " + " UNION ALL ".join(parts))
    make.read(
        "variant",
        "id, to_json(v) AS v, transform(list, item -> to_json(item)) AS list,"
        " CASE WHEN deep IS NULL THEN NULL ELSE named_struct('v', to_json(deep.v)) END AS deep",
    )


def old_forms(make):
    """INT96 timestamps, decimals as bytes and lists of two levels, as Spark wrote them once."""
    make.spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    make.spark.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
    make.sql(
        "old_forms",
        "CREATE TABLE TABLE_ (id INT, at TIMESTAMP, small DECIMAL(5, 2), large DECIMAL(30, 5), list ARRAY<INT>, pairs MAP<STRING, INT>) USING delta",
        "INSERT INTO TABLE_ VALUES (1, TIMESTAMP'2024-02-29 12:30:00.123456Z', -1.25, -12345678901234567890.12345, array(1, NULL, 3), map('a', 1, 'b', NULL)),"
        " (2, TIMESTAMP'1960-11-18 00:00:00.000001Z', 999.99, 0.00001, array(), map()),"
        " (3, NULL, NULL, NULL, NULL, NULL), (4, TIMESTAMP'1900-01-01 00:00:00Z', 0, 1, array(NULL), map('', 0))",
    )
    make.spark.conf.unset("spark.sql.parquet.outputTimestampType")
    make.spark.conf.unset("spark.sql.parquet.writeLegacyFormat")
    make.read("old_forms")


def nested(make):
    make.sql(
        "nested",
        "CREATE TABLE TABLE_ (id INT, s STRUCT<a: INT, t: STRUCT<b: STRING, c: ARRAY<STRUCT<d: MAP<STRING, ARRAY<INT>>>>>>,"
        " m MAP<DECIMAL(10, 2), STRUCT<x: DATE>>, n MAP<BIGINT, MAP<DATE, STRING>>, `__proto__` STRING,"
        " p MAP<STRING, INT>, q STRUCT<`__proto__`: INT, `a.b`: INT>) USING delta",
        "INSERT INTO TABLE_ VALUES"
        " (1, named_struct('a', 1, 't', named_struct('b', 'x', 'c', array(named_struct('d', map('k', array(1, NULL), 'l', NULL)), NULL, named_struct('d', NULL)))),"
        " map(1.50, named_struct('x', DATE'2024-01-01'), -2.25, NULL), map(9223372036854775807, map(DATE'1960-01-01', 'v')), 'proto', map('__proto__', 1, 'b', NULL), named_struct('__proto__', 7, 'a.b', 8)),"
        " (2, named_struct('a', NULL, 't', NULL), map(), map(1, NULL), NULL, map(), named_struct('__proto__', NULL, 'a.b', NULL)),"
        " (3, NULL, NULL, NULL, '', NULL, NULL),"
        " (4, named_struct('a', 4, 't', named_struct('b', NULL, 'c', array())), map(0.00, named_struct('x', NULL)), map(2, map()), 'x', map('', 0), NULL),"
        " (5, named_struct('a', 5, 't', named_struct('b', 'y', 'c', NULL)), NULL, NULL, NULL, NULL, NULL)",
    )
    make.read("nested")


def main():
    spark = session()
    make = Maker(spark, sys.argv[1])
    deletion_vectors(make)
    mapping(make, "name")
    mapping(make, "id")
    partitions(make)
    type_widening(make)
    variant(make)
    old_forms(make)
    nested(make)
    print("\n" + json.dumps(make.readings))


if __name__ == "__main__":
    main()
