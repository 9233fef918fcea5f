# SPDX-License-Identifier: Apache-2.0
"""Writes to a Delta table with delta-rs, one step per call.

usage: write_table.py LOCATION STEP...

The steps: `create` (a table of its own, two commits), `append` (rows like those that the table has), `txn` (an append
that records a transaction identifier), `overwrite`, `delete` (the row with id 1), `checkpoint`, `cleanup` (removes the
log before the checkpoint), `partition` (a partitioned table of its own).
"""

import datetime
import sys

import deltalake
import pyarrow

SCHEMA = pyarrow.schema(
    [
        pyarrow.field("id", pyarrow.int64()),
        pyarrow.field("name", pyarrow.string()),
        pyarrow.field("at", pyarrow.timestamp("us", tz="UTC")),
        pyarrow.field("day", pyarrow.date32()),
    ]
)


def rows(*ids):
    at = datetime.datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=datetime.timezone.utc)
    return pyarrow.table(
        {
            "id": list(ids),
            "name": [f"row {number}" for number in ids],
            "at": [at] * len(ids),
            "day": [datetime.date(2024, 2, 29)] * len(ids),
        },
        schema=SCHEMA,
    )


def run(location, step):
    if step == "create":
        deltalake.write_deltalake(location, rows(1, 2, 3))
        deltalake.write_deltalake(location, rows(4), mode="append")
    elif step == "append":
        deltalake.write_deltalake(location, rows(100, 101), mode="append")
    elif step == "txn":
        properties = deltalake.CommitProperties(
            app_transactions=[deltalake.Transaction("other-app", 7, 1)]
        )
        deltalake.write_deltalake(
            location, rows(200), mode="append", commit_properties=properties
        )
    elif step == "overwrite":
        deltalake.write_deltalake(location, rows(300, 301), mode="overwrite")
    elif step == "delete":
        deltalake.DeltaTable(location).delete("id = 1")
    elif step == "checkpoint":
        deltalake.DeltaTable(location).create_checkpoint()
    elif step == "cleanup":
        deltalake.DeltaTable(location).cleanup_metadata()
    elif step == "partition":
        deltalake.write_deltalake(location, rows(1, 2), partition_by=["name"])
    else:
        raise SystemExit(f"unknown step {step}")


for step_name in sys.argv[2:]:
    run(sys.argv[1], step_name)
