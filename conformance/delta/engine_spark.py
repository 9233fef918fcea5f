# SPDX-License-Identifier: Apache-2.0
"""Apache Spark with Delta's own library."""

import json
from importlib.metadata import version

import spark_tables
from delta.tables import DeltaTable, IdentityGenerator
from pyspark.sql.types import TimestampType
from spark_session import session
from spark_tables import exact


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def exact_row(row, is_time):
    return [f"{value}us" if at and value is not None else exact(value) for value, at in zip(row, is_time)]


class SparkEngine:
    def __init__(self):
        self.spark = session()
        self.spark.sparkContext.setLogLevel("OFF")

    def versions(self):
        return {"spark": self.spark.version, "delta-spark": version("delta-spark")}

    def frame(self, location):
        return self.spark.sql(f"SELECT * FROM delta.`{location}`")

    def read(self, location, where=None, columns=None):
        frame = self.frame(location)
        if where is not None:
            frame = frame.where(where)
        if columns is not None:
            frame = frame.selectExpr(*[quoted(name) for name in columns])
        names = frame.columns
        # Python's own times have no room for the zone's offset in the first year.
        is_time = [isinstance(field.dataType, TimestampType) for field in frame.schema.fields]
        selected = [f"unix_micros({quoted(name)})" if at else quoted(name) for name, at in zip(names, is_time)]
        rows = frame.selectExpr(*selected).collect()
        return {"columns": names, "rows": [exact_row(row, is_time) for row in rows]}

    def read_variant(self, location, column):
        """The values of a variant by the ids of their rows, parsed from its JSON."""
        rows = self.frame(location).select("id", column).collect()
        return [[row[0], None if row[1] is None else json.loads(row[1].toJson())] for row in rows]

    def append(self, location, ids, name):
        """Rows of a table (id BIGINT, name STRING)."""
        rows = self.spark.createDataFrame([(number, name) for number in ids], "id BIGINT, name STRING")
        rows.coalesce(1).write.format("delta").mode("append").save(location)

    def append_copy(self, location):
        """The table's rows to itself; gives an error where the table does not let it."""
        self.frame(location).write.format("delta").mode("append").save(location)

    def row_ids(self, location, column):
        """Row ids and row commit versions by the values of a column."""
        frame = self.frame(location).selectExpr(column, "_metadata.row_id", "_metadata.row_commit_version")
        return [list(row) for row in frame.collect()]

    def sql(self, location, statements, configuration=None):
        """Statements on a table, which they call TABLE_, with settings of the session for as long."""
        for key, value in (configuration or {}).items():
            self.spark.conf.set(key, value)
        try:
            for statement in statements:
                self.spark.sql(statement.replace("TABLE_", f"delta.`{location}`")).collect()
        finally:
            for key in configuration or {}:
                self.spark.conf.unset(key)

    def create_computed(self, location):
        """A table with an identity column, a column and one that is computed from it, and two rows."""
        table = DeltaTable.create(self.spark).location(location)
        table = table.addColumn("id", "BIGINT", generatedAlwaysAs=IdentityGenerator())
        table.addColumn("x", "INT").addColumn("y", "INT", generatedAlwaysAs="x + 1").execute()
        rows = self.spark.createDataFrame([(1,), (2,)], "x INT").coalesce(1)
        rows.write.format("delta").mode("append").save(location)

    def checkpoint(self, location, part_size=None):
        """A checkpoint of the newest version, in parts of so many actions."""
        key = "spark.databricks.delta.checkpoint.partSize"
        if part_size is not None:
            self.spark.conf.set(key, str(part_size))
        try:
            log = self.spark._jvm.org.apache.spark.sql.delta.DeltaLog
            log.clearCache()
            delta_log = log.forTable(self.spark._jsparkSession, location)
            delta_log.checkpoint(delta_log.update(False, self.none(), self.none()), self.none())
        finally:
            self.spark.conf.unset(key)

    def none(self):
        return self.spark._jvm.scala.Option.empty()

    def forget(self):
        """Drops what is remembered of tables, so that the next look at one starts with its log."""
        self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()

    def history(self, location):
        rows = self.spark.sql(f"DESCRIBE HISTORY delta.`{location}`").select("version", "operation", "timestamp").collect()
        return [[row[0], row[1], exact(row[2])] for row in rows]

    def make(self, location, recipe):
        """A table of `spark_tables.py` by its name, at the location."""
        maker = spark_tables.Maker(self.spark, location)
        getattr(spark_tables, recipe[0])(maker, *recipe[1:])
        return maker.readings
