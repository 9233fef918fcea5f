# SPDX-License-Identifier: Apache-2.0
"""Makes Delta tables with checkpoints of each kind, and reads tables, with Apache Spark and Delta's own library.

usage: spark_checkpoints.py STEP...

A step is `KIND=LOCATION`. The kinds `classic`, `multi_part`, `v2_json`, `v2_parquet` and `struct_stats` make a table of
four commits with a checkpoint of the last one (for `struct_stats` a partitioned table, whose checkpoint has statistics
in columns and not as text). `deleted` makes one whose rows are partly deleted by deletion vectors. `read` reads a
table. Prints one JSON object for each step: the rows as `read_table.py` prints them.
"""

import json
import sys

from plain_values import plain
from spark_session import session

KINDS = {
    "classic": ("", {}),
    "multi_part": ("", {"spark.databricks.delta.checkpoint.partSize": "2"}),
    "v2_json": (
        ", 'delta.checkpointPolicy' = 'v2'",
        {
            "spark.databricks.delta.checkpoint.partSize": "2",
            "spark.databricks.delta.checkpointV2.topLevelFileFormat": "json",
        },
    ),
    "v2_parquet": (
        ", 'delta.checkpointPolicy' = 'v2'",
        {
            "spark.databricks.delta.checkpoint.partSize": "2",
            "spark.databricks.delta.checkpointV2.topLevelFileFormat": "parquet",
        },
    ),
    "struct_stats": (
        ", 'delta.checkpoint.writeStatsAsStruct' = 'true', 'delta.checkpoint.writeStatsAsJson' = 'false'",
        {},
    ),
    "deleted": (", 'delta.enableDeletionVectors' = 'true'", {}),
}

ROW = "SELECT id, concat('row ', id) AS name, timestamp'2024-02-29 12:30:00.123456' AS at, date'2024-02-29' AS day, CAST(id AS DECIMAL(20, 2)) AS amount FROM VALUES {} AS t(id)"


def make(spark, kind, location):
    properties, settings = KINDS[kind]
    partitioned = " PARTITIONED BY (day, name)" if kind == "struct_stats" else ""
    for key, value in settings.items():
        spark.conf.set(key, value)
    spark.sql(
        f"CREATE TABLE delta.`{location}` (id BIGINT, name STRING, at TIMESTAMP, day DATE, amount DECIMAL(20, 2))"
        f" USING delta{partitioned} TBLPROPERTIES ('delta.checkpointInterval' = '4'{properties})"
    )
    for values in ["(1L), (2L)", "(3L)"]:
        spark.sql(f"INSERT INTO delta.`{location}` {ROW.format(values)}")
    spark.sql(f"DELETE FROM delta.`{location}` WHERE id = 1")
    spark.sql(f"INSERT INTO delta.`{location}` {ROW.format('(9007199254740993L), (5L)')}")
    for key in settings:
        spark.conf.unset(key)


def main():
    spark = session()
    for step in sys.argv[1:]:
        kind, location = step.split("=", 1)
        if kind != "read":
            make(spark, kind, location)
        frame = spark.read.format("delta").load(location)
        reading = {
            "rows": [[plain(value) for value in row] for row in frame.collect()],
            "filtered": frame.where("id > 4").count(),
            "files": sorted(file.rsplit("/", 1)[-1] for file in frame.inputFiles()),
        }
        print("\n" + json.dumps(reading))


main()
