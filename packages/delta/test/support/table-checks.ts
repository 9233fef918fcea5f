// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeltaError, type DeltaErrorCode } from "../../src/delta-error.ts";
import { commitPath } from "../../src/log/log-files.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import type { StructType } from "../../src/schema/types.ts";
import type { Row } from "../../src/scan/row.ts";

/** Every type that can be written, with and without NOT NULL. */
export const SCHEMA: StructType = parseColumnList(
  "id BIGINT NOT NULL, name STRING, at TIMESTAMP, day DATE, score DOUBLE, ok BOOLEAN, n INT, f FLOAT, raw BINARY",
);

export async function rejectsWith(
  promise: Promise<unknown>,
  code: DeltaErrorCode,
  message: RegExp,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof DeltaError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

export function actionsAt(
  location: string,
  version: number,
): Record<string, Record<string, unknown>>[] {
  return readFileSync(join(location, commitPath(version)), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
}

export async function allRows(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
