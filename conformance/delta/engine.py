# SPDX-License-Identifier: Apache-2.0
"""One engine that does what it is told with Delta tables, task by task, until its input ends.

usage: engine.py deltalake|polars|duckdb|spark

Each line of the input is a task, `{"task": NAME, ...}`; each line of the output is what came of one, `{"result": ...}` or
`{"error": TEXT}`. What engines print themselves goes to the error output. The first line is written when the engine is
ready: `{"result": {NAME: VERSION}}`. Tasks that every engine has: `read` with `location`, and `where`, a condition in SQL,
and `columns`. See the classes for the others. Values are those of `exact_values.py`.
"""

import json
import os
import sys


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(content):
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    engine = engine_named(sys.argv[1])
    answer({"result": engine.versions()})
    for line in sys.stdin:
        task = json.loads(line)
        name = task.pop("task")
        try:
            answer({"result": getattr(engine, name)(**task)})
        except Exception as error:  # Whatever an engine throws is the result of the task.
            answer({"error": f"{type(error).__name__}: {error}"})


def engine_named(name):
    if name == "spark":
        from engine_spark import SparkEngine

        return SparkEngine()
    if name == "duckdb":
        from engine_duckdb import DuckdbEngine

        return DuckdbEngine()
    from engine_deltalake import DeltalakeEngine, PolarsEngine

    return {"deltalake": DeltalakeEngine, "polars": PolarsEngine}[name]()


main()
