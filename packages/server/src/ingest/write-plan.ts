// SPDX-License-Identifier: Apache-2.0
import {
  CHAR_VARCHAR_METADATA_KEY,
  columnKindOf,
  DeltaError,
  type Snapshot,
  sqlOfField,
  type WritePlan,
  writePlanOf,
} from "@sluice/delta";
import { MAX_COLUMNS } from "@sluice/protocol";
import { ServerError } from "../errors.ts";

/**
 * What a table asks of those who write to it.
 * @throws ServerError `unimplemented` for a table that records cannot be written to, naming what stands in the way.
 */
export function requireWritePlan(snapshot: Snapshot, name: string): WritePlan {
  const { schema } = snapshot;
  if (schema.fields.length > MAX_COLUMNS) {
    const message = `table ${name} has ${schema.fields.length} columns; the limit is ${MAX_COLUMNS}`;
    throw new ServerError("unimplemented", message, { table: name, limit: MAX_COLUMNS });
  }
  for (const field of schema.fields) {
    const kind = columnKindOf(field.type);
    // The length of CHAR(n) and VARCHAR(n) is checked for whole columns only.
    const isBounded = kind === "nested" && field.metadata[CHAR_VARCHAR_METADATA_KEY] !== undefined;
    if (kind !== undefined && !isBounded) continue;
    const message = `column ${sqlOfField(field)} of table ${name} has a type that cannot be ingested yet`;
    throw new ServerError("unimplemented", message, { table: name, field: field.name });
  }
  requireLastingPositions(snapshot, name);
  try {
    return writePlanOf(snapshot);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    const message = `table ${name} cannot be written to: ${cause.message}`;
    throw new ServerError("unimplemented", message, { table: name }, cause);
  }
}

const TXN_RETENTION_PROPERTY = "delta.setTransactionRetentionDuration";

/** A table that forgets how far it has the log's records would get them again after a restart. */
function requireLastingPositions({ metadata }: Snapshot, name: string): void {
  if (metadata.configuration[TXN_RETENTION_PROPERTY] === undefined) return;
  const message = `table ${name} has ${TXN_RETENTION_PROPERTY}, with which it forgets what it was given and would get records twice; take the property away`;
  throw new ServerError("unimplemented", message, { table: name });
}
