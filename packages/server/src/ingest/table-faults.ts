// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";
import type { TableChange } from "./table-change.ts";

/** What streams are told when their table has failed. */
export function tableFailure(table: string, cause: ServerError): ServerError {
  const isTold = cause.code === "fenced" || cause.code === "unimplemented";
  const message = `table ${table} cannot be committed to: ${cause.message}; acknowledged records are safe in the log and are committed when that is mended`;
  return new ServerError(isTold ? cause.code : "unavailable", message, { table }, cause);
}

/** What streams are told when their table has changed; `undefined` where they go on. */
export function streamEndOf(table: string, change: TableChange): ServerError | undefined {
  if (change.kind !== "incompatible" && change.kind !== "replaced") return undefined;
  const code = change.kind === "replaced" ? "not_found" : "schema_mismatch";
  const message = `table ${table} was changed: ${change.reason}. Open another stream with records for its new columns`;
  return new ServerError(code, message, { table });
}

export function droppedTable(table: string): ServerError {
  const message = `table ${table} was taken out of the catalog`;
  return new ServerError("not_found", message, { table });
}
