# SPDX-License-Identifier: Apache-2.0
"""delta-rs, and Polars, which reads Delta tables with it."""

import datetime

import deltalake
import polars
import pyarrow

from exact_values import exact_rows, quoted


def people(ids, name):
    return pyarrow.table({"id": pyarrow.array(ids, pyarrow.int64()), "name": [name] * len(ids)})


class DeltalakeEngine:
    def versions(self):
        return {"deltalake": deltalake.__version__, "pyarrow": pyarrow.__version__}

    def read(self, location, where=None, columns=None, storage_options=None):
        table = deltalake.DeltaTable(location, storage_options=storage_options)
        names = columns if columns is not None else [field.name for field in table.schema().fields]
        query = f"SELECT {', '.join(quoted(name) for name in names)} FROM t"
        if where is not None:
            query += f" WHERE {where}"
        result = deltalake.QueryBuilder().register("t", table).execute(query)
        return {"columns": names, "rows": exact_rows(pyarrow.table(result.read_all()))}

    def append(self, location, ids, name):
        """Rows of a table (id BIGINT, name STRING)."""
        deltalake.write_deltalake(location, people(ids, name), mode="append")

    def append_copy(self, location):
        """The table's rows to itself; gives an error where the table does not let it."""
        table = deltalake.DeltaTable(location)
        rows = deltalake.QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all()
        deltalake.write_deltalake(table, rows, mode="append")

    def create(self, location, partition_by=None):
        # As a value of a partition the empty text is NULL; delta-rs reads it as it has written it.
        empty = "" if partition_by is None else " "
        at = datetime.datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=datetime.timezone.utc)
        rows = pyarrow.table(
            {
                "id": pyarrow.array(range(6), pyarrow.int64()),
                "name": ["a", None, "é/=%", empty, "b c", "__HIVE_DEFAULT_PARTITION__x"],
                "day": pyarrow.array([datetime.date(1969, 12, 31), None] * 3, pyarrow.date32()),
                "at": pyarrow.array([at, None, at, at, None, at], pyarrow.timestamp("us", tz="UTC")),
                "list": [[1, None], [], None, [2], [None], [3]],
                "deep": [{"x": 1, "y": ["z"]}, None, {"x": None, "y": None}, {"x": 2, "y": []}, None, {"x": 3, "y": [None]}],
            }
        )
        deltalake.write_deltalake(location, rows, partition_by=partition_by)

    def evolve(self, location):
        """Appends rows with another column."""
        rows = pyarrow.table({"id": pyarrow.array([100, 101], pyarrow.int64()), "added": [1.5, None]})
        deltalake.write_deltalake(location, rows, mode="append", schema_mode="merge")

    def delete(self, location, predicate):
        deltalake.DeltaTable(location).delete(predicate)

    def constrain(self, location, name, condition):
        deltalake.DeltaTable(location).alter.add_constraint({name: condition})

    def compact(self, location):
        deltalake.DeltaTable(location).optimize.compact()

    def compact_logs(self, location, first, last):
        deltalake.DeltaTable(location).compact_logs(first, last)

    def checkpoint(self, location):
        deltalake.DeltaTable(location).create_checkpoint()

    def vacuum(self, location):
        table = deltalake.DeltaTable(location)
        return len(table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False))

    def restore(self, location, version):
        deltalake.DeltaTable(location).restore(version)


class PolarsEngine:
    def versions(self):
        return {"polars": polars.__version__, "deltalake": deltalake.__version__}

    def read(self, location, where=None, columns=None):
        frame = polars.scan_delta(location)
        if where is not None:
            frame = frame.filter(polars.sql_expr(where))
        if columns is not None:
            frame = frame.select(columns)
        table = frame.collect().to_arrow()
        return {"columns": table.schema.names, "rows": exact_rows(table)}
