# SPDX-License-Identifier: Apache-2.0
"""The delta-rs side of `npm run bench:delta`: does the tasks that come in, one JSON object per line, and answers each with the
seconds that it took, or with what it made. Reading a task and starting Python are outside of what is measured."""

import json
import os
import shutil
import sys
import time

import deltalake
import pyarrow
import pyarrow.parquet

EPOCH_US = 1_700_000_000_000_000


def columns_of(count, first=0):
    """The rows of `rowOf` in `bench/src/delta/rows.ts`, as columns."""
    ids = range(first, first + count)
    mixed = [k * 2654435761 % 2**32 for k in ids]
    return pyarrow.table(
        {
            "id": pyarrow.array(ids, pyarrow.int64()),
            "device": pyarrow.array([f"device-{m % 1000}" for m in mixed], pyarrow.string()),
            "at": pyarrow.array([EPOCH_US + k * 1000 + m % 1000 for k, m in zip(ids, mixed)], pyarrow.timestamp("us", tz="UTC")),
            "value": pyarrow.array([m / 1024 for m in mixed], pyarrow.float64()),
            "level": pyarrow.array([m % 100 for m in mixed], pyarrow.int32()),
            "ok": pyarrow.array([m % 3 == 0 for m in mixed], pyarrow.bool_()),
            "note": pyarrow.array([None if m % 10 == 0 else f"note {m}" for m in mixed], pyarrow.string()),
        }
    )


def timed(action):
    started_at = time.perf_counter()
    result = action()
    return time.perf_counter() - started_at, result


def write(table_or_uri, rows, level, storage_options=None):
    """zstd at our own level, and no checkpoints beside the commits, which ours does not take by itself either."""
    deltalake.write_deltalake(
        table_or_uri,
        rows,
        mode="append",
        storage_options=storage_options,
        writer_properties=deltalake.WriterProperties(compression="ZSTD", compression_level=level),
        post_commithook_properties=deltalake.PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False),
    )


class Tasks:
    rows = {}

    def commits(self, location, count, level, storage_options=None):
        table = deltalake.DeltaTable(location, storage_options=storage_options)
        row = columns_of(1)

        def run():
            for _ in range(count):
                write(table, row, level)

        return timed(run)[0]

    def prepare_rows(self, count, kind):
        self.rows = {"columns": columns_of(count), "count": count}
        if kind == "objects":
            self.rows["objects"] = self.rows["columns"].to_pylist()
        return 0

    def append(self, location, kind, level):
        schema = self.rows["columns"].schema

        def run():
            objects = kind == "objects"
            rows = pyarrow.Table.from_pylist(self.rows["objects"], schema) if objects else self.rows["columns"]
            write(location, rows, level)

        return timed(run)[0]

    def drop_rows(self):
        self.rows = {}
        return 0

    def scan(self, location, kind):
        def run():
            table = deltalake.DeltaTable(location).to_pyarrow_table()
            if kind == "objects":
                return sum(row["id"] for row in table.to_pylist())
            return table.num_rows

        seconds, result = timed(run)
        return {"seconds": seconds, "result": result}

    def load(self, location, lists_files):
        def run():
            table = deltalake.DeltaTable(location)
            return len(table.file_uris()) if lists_files else table.version()

        seconds, result = timed(run)
        return {"seconds": seconds, "result": result}

    def make_checkpoint(self, location, version, count):
        """A table of so many files that only its checkpoint names."""
        log = f"{location}/_delta_log"
        with open(f"{log}/{version:020d}.json", encoding="utf-8") as file:
            actions = [json.loads(line) for line in file]
        protocol = next(action["protocol"] for action in actions if "protocol" in action)
        metadata = next(action["metaData"] for action in actions if "metaData" in action)
        texts = pyarrow.map_(pyarrow.string(), pyarrow.string())
        add = pyarrow.struct(
            [
                ("path", pyarrow.string()),
                ("partitionValues", texts),
                ("size", pyarrow.int64()),
                ("modificationTime", pyarrow.int64()),
                ("dataChange", pyarrow.bool_()),
                ("stats", pyarrow.string()),
            ]
        )
        provider = pyarrow.struct([("provider", pyarrow.string()), ("options", texts)])
        schema = pyarrow.schema(
            [
                ("protocol", pyarrow.struct([("minReaderVersion", pyarrow.int32()), ("minWriterVersion", pyarrow.int32())])),
                (
                    "metaData",
                    pyarrow.struct(
                        [
                            ("id", pyarrow.string()),
                            ("format", provider),
                            ("schemaString", pyarrow.string()),
                            ("partitionColumns", pyarrow.list_(pyarrow.string())),
                            ("configuration", texts),
                            ("createdTime", pyarrow.int64()),
                        ]
                    ),
                ),
                ("add", add),
            ]
        )
        meta = {**metadata, "format": {"provider": "parquet", "options": []}, "configuration": []}
        meta = {key: value for key, value in meta.items() if key in {field.name for field in schema.field("metaData").type}}
        rows = [{"protocol": protocol, "metaData": None, "add": None}, {"protocol": None, "metaData": meta, "add": None}]
        path = f"{log}/{version:020d}.checkpoint.parquet"
        with pyarrow.parquet.ParquetWriter(path, schema, compression="snappy") as writer:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            for first in range(0, count, 100_000):
                numbers = range(first, min(first + 100_000, count))
                size = len(numbers)
                values = pyarrow.StructArray.from_arrays(
                    [
                        pyarrow.array([f"part-{k:08d}-c5c3ef92-e630-46ef-9ae4-c1018f882669.c000.parquet" for k in numbers]),
                        pyarrow.MapArray.from_arrays(
                            pyarrow.array([0] * (size + 1), pyarrow.int32()),
                            pyarrow.array([], pyarrow.string()),
                            pyarrow.array([], pyarrow.string()),
                        ),
                        pyarrow.array([1000 + k % 997 for k in numbers], pyarrow.int64()),
                        pyarrow.array([1_700_000_000_000 + k for k in numbers], pyarrow.int64()),
                        pyarrow.array([False] * size),
                        pyarrow.array(
                            [
                                f'{{"numRecords":100,"minValues":{{"id":{k * 100}}},"maxValues":{{"id":{k * 100 + 99}}},"nullCount":{{"id":0}}}}'
                                for k in numbers
                            ]
                        ),
                    ],
                    fields=list(add),
                )
                nulls = [pyarrow.nulls(size, schema.field(name).type) for name in ("protocol", "metaData")]
                writer.write_table(pyarrow.Table.from_arrays([*nulls, values], schema=schema))
        with open(f"{log}/_last_checkpoint", "w", encoding="utf-8") as file:
            json.dump({"version": version, "size": count + 2}, file)
        return os.path.getsize(path)

    def remove(self, location):
        shutil.rmtree(location, ignore_errors=True)
        return 0


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    tasks = Tasks()
    print(json.dumps({"deltalake": deltalake.__version__, "pyarrow": pyarrow.__version__}), file=answers, flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(getattr(tasks, task.pop("task"))(**task)), file=answers, flush=True)


main()
