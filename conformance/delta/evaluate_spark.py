# SPDX-License-Identifier: Apache-2.0
"""Evaluates conditions with Apache Spark in its ANSI mode and prints what they are for each row, as JSON on the last line.

usage: evaluate_spark.py FILE

The file is that of `evaluate_duckdb.py`; a value of BINARY is hexadecimal. A condition may have `"rows"`, the numbers of
the rows that it is evaluated for; without, it is for all. The result is a list with a text for each condition: T, F or N
(NULL) for each of its rows, or E alone where the evaluation failed.
"""

import json
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.types import IntegerType, StringType, StructField, StructType


def session():
    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        # Compiling each query would take longer than running it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )


LETTERS = {True: "T", False: "F", None: "N"}
# Conditions in one query, where they are for all rows.
BATCH = 25


def evaluate(table, conditions):
    """The letters of each condition for the rows of the table, or None where one of them fails."""
    columns = [f"({condition['sql']}) AS c{index}" for index, condition in enumerate(conditions)]
    try:
        rows = table.selectExpr("row_number", *columns).collect()
    except PySparkException as error:
        if error.getCondition() == "PARSE_SYNTAX_ERROR":
            raise SystemExit(f"{[condition['sql'] for condition in conditions]}\n{error}")
        return None
    rows.sort(key=lambda row: row["row_number"])
    return ["".join(LETTERS[row[index + 1]] for row in rows) for index in range(len(conditions))]


def evaluate_alone(table, condition):
    wanted = condition.get("rows")
    chosen = table if wanted is None else table.where(table["row_number"].isin(wanted))
    found = evaluate(chosen, [condition])
    return "E" if found is None else found[0]


def evaluate_all(table, conditions):
    results = [None] * len(conditions)
    whole = [index for index, condition in enumerate(conditions) if "rows" not in condition]
    for start in range(0, len(whole), BATCH):
        batch = whole[start : start + BATCH]
        found = evaluate(table, [conditions[index] for index in batch])
        for index, letters in zip(batch, found or []):
            results[index] = letters
    return [
        evaluate_alone(table, condition) if result is None else result
        for condition, result in zip(conditions, results)
    ]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    spark = session()
    spark.sparkContext.setLogLevel("OFF")
    names = [name for name, _ in task["columns"]]
    fields = [StructField("row_number", IntegerType())]
    fields += [StructField(name, StringType()) for name in names]
    texts = spark.createDataFrame(
        [[number, *row] for number, row in enumerate(task["rows"])], StructType(fields)
    )
    casts = [
        f"unhex(`{name}`) AS `{name}`" if sql_type == "BINARY" else f"CAST(`{name}` AS {sql_type}) AS `{name}`"
        for name, sql_type in task["columns"]
    ]
    typed = texts.selectExpr("row_number", *casts)
    # Rows at hand are evaluated without a job for each condition.
    table = spark.createDataFrame(typed.collect(), typed.schema).cache()
    table.count()
    print("\n" + json.dumps(evaluate_all(table, task["conditions"])))


main()
