# SPDX-License-Identifier: Apache-2.0
"""Reads a Delta table with Apache Spark and Delta's own library, prints what it sees as one JSON object on the last
line, and then appends the table's rows to itself.

usage: spark_round_trip.py LOCATION

Needs the Python packages `pyspark` and `delta-spark` (versions that belong together), Java, and at its first run the
Delta library from Maven Central. Values are printed as `read_table.py` prints them.
"""

import json
import sys

from plain_values import plain
from spark_session import session


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
