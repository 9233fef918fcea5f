# SPDX-License-Identifier: Apache-2.0
"""A session of Apache Spark with Delta's own library, small and in UTC."""

from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

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
