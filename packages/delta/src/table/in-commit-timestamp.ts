// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { CommitInfoAction, MetadataAction } from "../log/actions.ts";

const ENABLEMENT_VERSION = "delta.inCommitTimestampEnablementVersion";
const ENABLEMENT_TIMESTAMP = "delta.inCommitTimestampEnablementTimestamp";

/**
 * The time for a commit: never before, nor equal to, that of the commit it follows.
 * @param previous the commit that it follows, with the time that it must carry.
 * @throws DeltaError `data_loss` if that commit has none.
 */
export function nextInCommitTimestamp(
  nowMs: number,
  previous: CommitInfoAction | undefined,
  version: number,
): number {
  const timestamp = previous?.["inCommitTimestamp"];
  if (typeof timestamp !== "number" || !Number.isSafeInteger(timestamp)) {
    throw new DeltaError(
      "data_loss",
      `version ${version - 1} has no inCommitTimestamp in its commitInfo, though the table has in-commit timestamps enabled`,
      { details: { version: version - 1 } },
    );
  }
  return Math.max(nowMs, timestamp + 1);
}

/**
 * The time for the commit that enables in-commit timestamps: not before that of the commit it follows, whose time by
 * its own account may be missing.
 */
export function firstInCommitTimestamp(
  nowMs: number,
  previous: CommitInfoAction | undefined,
): number {
  const timestamp = previous?.timestamp;
  return typeof timestamp === "number" && timestamp >= nowMs ? timestamp + 1 : nowMs;
}

/** The metadata of a commit that enables in-commit timestamps on a table with a history: it says since when they are. */
export function withEnablement(
  metadata: MetadataAction,
  version: number,
  timestampMs: number,
): MetadataAction {
  return {
    ...metadata,
    configuration: {
      ...metadata.configuration,
      [ENABLEMENT_VERSION]: String(version),
      [ENABLEMENT_TIMESTAMP]: String(timestampMs),
    },
  };
}

/**
 * New metadata of a table, with what it says of in-commit timestamps put right: since when they are enabled stays as the
 * table has it, whatever earlier metadata the new one was made from, and goes where they are enabled no more.
 * @param latest the metadata of a table with in-commit timestamps enabled; nothing where the new one has them disabled.
 */
export function withEnablementOf(
  metadata: MetadataAction,
  latest: MetadataAction | undefined,
): MetadataAction {
  const keys = [ENABLEMENT_VERSION, ENABLEMENT_TIMESTAMP];
  const others = Object.entries(metadata.configuration).filter(([key]) => !keys.includes(key));
  const kept = Object.entries(latest?.configuration ?? {}).filter(([key]) => keys.includes(key));
  return { ...metadata, configuration: Object.fromEntries([...others, ...kept]) };
}
