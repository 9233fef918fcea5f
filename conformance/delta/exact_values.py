# SPDX-License-Identifier: Apache-2.0
"""Values as `plain_values.py` has them, and what is nested too: DECIMAL as text with all digits of its scale, structs as
lists of pairs, maps as lists of pairs in the order of the keys."""

import decimal

import pyarrow

from plain_values import plain


def in_key_order(pairs):
    return sorted(pairs, key=lambda pair: str(pair[0]))


def exact_arrow(value, arrow_type):
    """A value of a column as pyarrow gives it to Python; the type tells a map from a list."""
    if value is None:
        return None
    if pyarrow.types.is_struct(arrow_type):
        return [[name, exact_arrow(item, arrow_type.field(name).type)] for name, item in value.items()]
    if pyarrow.types.is_map(arrow_type):
        return in_key_order(
            [exact_arrow(key, arrow_type.key_type), exact_arrow(item, arrow_type.item_type)] for key, item in value
        )
    if isinstance(value, list):
        return [exact_arrow(item, arrow_type.value_type) for item in value]
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return plain(value)


def exact_rows(table):
    """The rows of an Arrow table."""
    types = table.schema.types
    columns = [[exact_arrow(value, kind) for value in column.to_pylist()] for column, kind in zip(table.columns, types)]
    return [list(row) for row in zip(*columns)]


def quoted(name):
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'
