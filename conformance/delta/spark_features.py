# SPDX-License-Identifier: Apache-2.0
"""Reads Delta tables that use features of the protocol with Apache Spark and Delta's own library, prints their rows as
one JSON object on the last line, and appends each table's rows to itself.

usage: spark_features.py DIRECTORY NAME...
"""

import json
import sys

from pyspark.sql import Row
from pyspark.sql.types import VariantVal

from plain_values import plain
from spark_session import session


def plain_of_spark(value):
    """Spark gives a struct as a Row and a map as a dict, both printed as pairs; a variant is printed as its JSON."""
    if isinstance(value, Row):
        return [[key, plain_of_spark(item)] for key, item in value.asDict().items()]
    if isinstance(value, dict):
        return [[plain_of_spark(key), plain_of_spark(item)] for key, item in value.items()]
    if isinstance(value, list):
        return [plain_of_spark(item) for item in value]
    if isinstance(value, VariantVal):
        return json.loads(value.toJson())
    return plain(value)


def reading_of(spark, location):
    frame = spark.read.format("delta").load(location)
    rows = [[plain_of_spark(value) for value in row] for row in frame.collect()]
    detail = spark.sql(f"DESCRIBE DETAIL delta.`{location}`").collect()[0]
    row_ids = None
    if detail["properties"].get("delta.enableRowTracking") == "true":
        selected = frame.selectExpr("_metadata.row_id", "_metadata.row_commit_version")
        row_ids = [list(row) for row in selected.collect()]
    history = spark.sql(f"DESCRIBE HISTORY delta.`{location}`").select("operation").collect()
    frame.write.format("delta").mode("append").save(location)
    return {"rows": rows, "rowIds": row_ids, "operations": [row["operation"] for row in history]}


def main():
    directory, *names = sys.argv[1:]
    spark = session()
    readings = {name: reading_of(spark, f"{directory}/{name}") for name in names}
    print("\n" + json.dumps(readings))


main()
