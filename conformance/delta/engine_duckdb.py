# SPDX-License-Identifier: Apache-2.0
"""DuckDB with its Delta extension, which stands on delta-kernel-rs."""

import glob
import os

import duckdb

from exact_values import exact_rows, quoted


class DuckdbEngine:
    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        site_packages = os.path.dirname(os.path.dirname(duckdb.__file__))
        found = glob.glob(f"{site_packages}/duckdb_ext/**/delta.duckdb_extension", recursive=True)
        self.connection.execute(f"LOAD '{found[0]}'" if found else "LOAD delta")

    def versions(self):
        query = "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'delta'"
        return {"duckdb": duckdb.__version__, "delta extension": self.connection.execute(query).fetchone()[0]}

    def read(self, location, where=None, columns=None):
        names = "*" if columns is None else ", ".join(quoted(name) for name in columns)
        condition = "" if where is None else f" WHERE {where}"
        table = self.connection.execute(f"SELECT {names} FROM delta_scan(?){condition}", [location]).fetch_arrow_table()
        return {"columns": table.schema.names, "rows": exact_rows(table)}
