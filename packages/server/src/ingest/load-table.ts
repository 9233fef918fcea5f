// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaTable } from "@sluice/delta";
import type { Catalog } from "../catalog/catalog.ts";
import { transactionAppId } from "../commit/table-committer.ts";
import { ServerError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import { requireWritePlan } from "./write-plan.ts";

/** A table that can be written to. */
export interface LoadedTable {
  readonly table: DeltaTable;
  /** Log position up to which it has the log's records. */
  readonly committedPosition: number;
}

/** What this server knows of the positions that a table may have. */
export interface KnownPositions {
  readonly committed: number;
  /** Of a commit whose outcome is not known. */
  readonly attempted: number | undefined;
}

/**
 * Opens a table by its name and checks that records can be written to it.
 * @param known `undefined` when the table is opened for the first time.
 * @throws ServerError `not_found`, `unimplemented`, `unavailable`; `fenced` when the table has positions of this
 * server's log that the server has not written.
 */
export async function loadTable(
  catalog: Catalog,
  journal: Journal,
  name: string,
  known: KnownPositions | undefined,
): Promise<LoadedTable> {
  const table = await openNamed(catalog, name);
  const snapshot = table.snapshot();
  requireWritePlan(snapshot, name);
  const found = snapshot.txns.get(transactionAppId(journal.logId))?.version ?? 0;
  if (found > journal.nextPosition) {
    const message = `table ${name} holds records up to position ${found} of a log that ends at ${journal.nextPosition}: the log is an older copy than the table. Bring the newest log back, or move the log directory away to start a new one`;
    throw new ServerError("fenced", message, { table: name });
  }
  const isForeign = known !== undefined && found > known.committed && found !== known.attempted;
  if (isForeign) {
    const message = `table ${name} holds records up to position ${found} that this server did not commit: another server uses a copy of this data directory. Stop it, and restart this server`;
    throw new ServerError("fenced", message, { table: name });
  }
  return { table, committedPosition: Math.max(found, known?.committed ?? 0) };
}

async function openNamed(catalog: Catalog, name: string): Promise<DeltaTable> {
  try {
    return await catalog.openTable(name);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    const code = cause.code === "unsupported" ? "unimplemented" : "unavailable";
    const message = `table ${name} cannot be opened: ${cause.message}`;
    throw new ServerError(code, message, { table: name }, cause);
  }
}
