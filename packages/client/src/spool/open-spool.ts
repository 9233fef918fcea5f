// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { makeDirectory } from "../io/durable-directory.ts";
import { systemClock } from "../io/system-clock.ts";
import { DurableSpool } from "./durable-spool.ts";
import { loadLogPackage } from "./load-log.ts";
import type { OpenedSpool } from "./opened-spool.ts";
import { recoverLedger, rewriteSparse } from "./recover-spool.ts";
import { spoolError } from "./spool-errors.ts";
import { checkSpoolIdentity } from "./spool-identity.ts";
import { resolveSpoolOptions, type SpoolOptions } from "./spool-options.ts";

/** What a spool works with. */
export interface SpoolComponents {
  readonly clock?: Clock;
}

/**
 * Opens the spool in a directory, making it where there is none: records between `submit` and the server, safe from a
 * crash of the process or the machine. What was appended and not settled is there again; what was settled since the
 * last note on disk (`settledNoteIntervalMs`) comes again too. Needs the package `@sluice/log`.
 * @throws ZerobusError `invalid_argument` for a wrong option, another label, or without `@sluice/log`; `fenced` when
 * another producer has the spool; `data_loss` when files are damaged; `unavailable` when the disk fails or is full
 */
export async function openSpool(
  options: SpoolOptions,
  components: SpoolComponents = {},
): Promise<OpenedSpool> {
  const settings = resolveSpoolOptions(options);
  const { directory, segmentBytes } = settings;
  const { openLog, ENTRY_OVERHEAD_BYTES } = await loadLogPackage();
  try {
    const logDirectory = join(directory, "log");
    await makeDirectory(logDirectory);
    const log = await openLog(logDirectory, { segmentBytes, maxSpareSegmentCount: 1 });
    try {
      await checkSpoolIdentity(directory, settings.label);
      const recovered = await recoverLedger(log, directory, ENTRY_OVERHEAD_BYTES);
      const ledger = await rewriteSparse(log, recovered, settings, ENTRY_OVERHEAD_BYTES);
      // Whatever is appended next says where the spool has come to, so an empty one needs none of what is there.
      const isEmpty = ledger.recordCount === 0;
      await log.trim(isEmpty ? log.durablePosition : ledger.positionBefore(ledger.firstSequence));
      return new DurableSpool({
        log,
        ledger,
        settings,
        clock: components.clock ?? systemClock,
        onDropped: options.onDropped,
        entryOverheadBytes: ENTRY_OVERHEAD_BYTES,
      });
    } catch (error) {
      await log.close();
      throw error;
    }
  } catch (error) {
    throw spoolError(error, directory);
  }
}
