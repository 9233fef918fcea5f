# SPDX-License-Identifier: Apache-2.0
"""Evaluates conditions with DuckDB and prints what they are for each row, as JSON.

usage: evaluate_duckdb.py FILE

The file holds `{"columns": [[name, SQL type], ...], "rows": [[text or null, ...], ...], "conditions": [{"sql": text},
...]}`. The result is a list with a text for each condition: T, F or N (NULL) for each row.
"""

import json
import sys

import duckdb


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    connection = duckdb.connect()
    columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in task["columns"])
    connection.execute(f"CREATE TABLE t (row_number BIGINT, {columns})")
    casts = ", ".join(f"CAST(? AS {sql_type})" for _, sql_type in task["columns"])
    for number, row in enumerate(task["rows"]):
        connection.execute(f"INSERT INTO t VALUES ({number}, {casts})", row)
    results = []
    for condition in task["conditions"]:
        try:
            rows = connection.execute(f"SELECT {condition['sql']} FROM t ORDER BY row_number").fetchall()
        except duckdb.Error as error:
            raise SystemExit(f"{condition['sql']}\n{error}")
        results.append("".join({True: "T", False: "F", None: "N"}[value] for (value,) in rows))
    print(json.dumps(results))


main()
