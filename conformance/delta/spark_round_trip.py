# SPDX-License-Identifier: Apache-2.0
"""Reads a Delta table with Apache Spark and Delta's own library, prints what it sees as one JSON object on the last
line, and then appends the table's rows to itself.

usage: spark_round_trip.py LOCATION

Needs the Python packages `pyspark` and `delta-spark` (versions that belong together), Java, and at its first run the
Delta library from Maven Central. Values are printed as `read_table.py` prints them.
"""

import json
import sys

from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

from plain_values import plain

EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"


def session():
    builder = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.extensions", EXTENSION)
        .config("spark.sql.catalog.spark_catalog", CATALOG)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
    )
    return configure_spark_with_delta_pip(builder).getOrCreate()


def main():
    location = sys.argv[1]
    spark = session()
    frame = spark.read.format("delta").load(location)
    history = spark.sql(f"DESCRIBE HISTORY delta.`{location}`").select("version", "operation")
    reading = {
        "spark": spark.version,
        "schema": json.loads(frame.schema.json()),
        "count": frame.count(),
        "rows": [[plain(value) for value in row] for row in frame.collect()],
        "operations": [row["operation"] for row in history.collect()],
    }
    frame.write.format("delta").mode("append").save(location)
    print("\n" + json.dumps(reading))


main()
