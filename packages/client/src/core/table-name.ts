// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "./zerobus-error.ts";

export interface TableName {
  readonly catalog: string;
  readonly schema: string;
  readonly table: string;
}

/**
 * Splits `catalog.schema.table`.
 * @throws ZerobusError `invalid_argument`
 */
export function parseTableName(text: string): TableName {
  const [catalog = "", schema = "", table = "", ...rest] = text.split(".");
  const parts = [catalog, schema, table];
  if (rest.length > 0 || parts.some((part) => part.trim() === "")) {
    throw new ZerobusError(
      "invalid_argument",
      `Table name ${JSON.stringify(text)} must have three non-empty parts: catalog.schema.table`,
    );
  }
  return { catalog, schema, table };
}
