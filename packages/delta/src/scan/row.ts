// SPDX-License-Identifier: Apache-2.0

/**
 * A row by column names, in the order of the schema (or of `ScanOptions.columns`). `null` where there is no value.
 *
 * | column | value |
 * |---|---|
 * | STRING | string |
 * | BOOLEAN | boolean |
 * | TINYINT, SMALLINT, INT, FLOAT, DOUBLE | number |
 * | BIGINT | bigint |
 * | DATE | string, `YYYY-MM-DD`; years outside 0 to 9999 with a sign and six digits |
 * | TIMESTAMP, TIMESTAMP_NTZ | bigint, microseconds since 1970-01-01 00:00:00 (UTC; of the local calendar for NTZ) |
 * | DECIMAL | string, exact, with all digits of its scale |
 * | BINARY | Uint8Array |
 * | STRUCT | object |
 * | ARRAY | array |
 * | MAP | `Map`, keys as values of their type |
 * | VARIANT | string, JSON text with all digits of numbers; what JSON has no form for is a string in it |
 */
export type Row = Record<string, unknown>;
