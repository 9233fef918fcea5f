// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { AddAction, DomainMetadataAction, ProtocolAction } from "../log/actions.ts";
import { isJsonObject } from "../log/json-fields.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { isOn } from "../log/table-properties.ts";

/** The metadata domain that holds the highest row id given out ("Row Tracking"). */
export const ROW_TRACKING_DOMAIN = "delta.rowTracking";
const FEATURE = "rowTracking";

/** Whether every file that is added must have row ids: the feature is supported and not suspended. */
export function assignsRowIds(
  protocol: ProtocolAction,
  configuration: Readonly<Record<string, string>>,
): boolean {
  if (protocol.writerFeatures?.includes(FEATURE) !== true) return false;
  return !isOn(configuration, "delta.rowTrackingSuspended", false);
}

export interface AssignedRowIds {
  readonly adds: readonly AddAction[];
  /** The new high water mark; `undefined` where no id was given out. */
  readonly domain: DomainMetadataAction | undefined;
}

/**
 * Gives new row ids to the files that have none. The ids, and the version as the one in which the rows came, depend on
 * what the commit is put on top of, so this is done again for each attempt.
 * @throws DeltaError `invalid_argument` for a file without a row count.
 */
export function assignRowIds(
  adds: readonly AddAction[],
  rowCountOf: (index: number) => number | undefined,
  latest: Snapshot,
  version: number,
): AssignedRowIds {
  const first = highWaterMarkOf(latest.domains.get(ROW_TRACKING_DOMAIN));
  let highWaterMark = first;
  const assigned = adds.map((add, index): AddAction => {
    const { baseRowId, defaultRowCommitVersion } = add;
    if (baseRowId !== undefined) {
      return { ...add, defaultRowCommitVersion: defaultRowCommitVersion ?? version };
    }
    const rowCount = rowCountOf(index);
    if (rowCount === undefined) {
      throw new DeltaError(
        "invalid_argument",
        `the file ${JSON.stringify(add.path)} has no row count; the table tracks rows (${FEATURE}), which needs it`,
      );
    }
    const newBaseRowId = highWaterMark + 1;
    highWaterMark += rowCount;
    return { ...add, baseRowId: newBaseRowId, defaultRowCommitVersion: version };
  });
  if (highWaterMark === first) return { adds: assigned, domain: undefined };
  return { adds: assigned, domain: rowTrackingDomain(highWaterMark) };
}

function rowTrackingDomain(highWaterMark: number): DomainMetadataAction {
  return {
    domain: ROW_TRACKING_DOMAIN,
    configuration: JSON.stringify({ rowIdHighWaterMark: highWaterMark }),
    removed: false,
  };
}

/** -1 where no id was given out yet. */
function highWaterMarkOf(domain: DomainMetadataAction | undefined): number {
  if (domain === undefined) return -1;
  const value = parse(domain.configuration);
  const mark = isJsonObject(value) ? value["rowIdHighWaterMark"] : undefined;
  if (typeof mark === "number" && Number.isSafeInteger(mark) && mark >= -1) return mark;
  throw new DeltaError(
    "data_loss",
    `the domain ${ROW_TRACKING_DOMAIN} has no whole number rowIdHighWaterMark: ${domain.configuration}`,
    { details: { domain: ROW_TRACKING_DOMAIN } },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
