// SPDX-License-Identifier: Apache-2.0
import type { Spool } from "../producer/spool.ts";

/**
 * A spool that `openSpool` opened. Declared apart from what implements it: the types of this package must resolve
 * without `@sluice/log`.
 */
export interface OpenedSpool extends Spool {
  /** Records that a full spool with `dropOldest` gave up since it was opened. */
  readonly droppedRecords: number;
}
