# SPDX-License-Identifier: Apache-2.0
"""Values of a table as JSON can hold them exactly: integers as text, timestamps as microseconds since 1970, binary as
hexadecimal, floating-point numbers as `float.hex`, decimals with all digits of their scale, maps as lists of pairs."""

import datetime
import decimal

EPOCH = datetime.datetime(1970, 1, 1)


def plain(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return f"{(value - EPOCH) // datetime.timedelta(microseconds=1)}us"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    raise TypeError(f"no plain form of {type(value)}")
