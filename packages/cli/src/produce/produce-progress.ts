// SPDX-License-Identifier: Apache-2.0
import type { ProgressState } from "../terminal/progress.ts";
import { formatCount, formatCounted } from "../terminal/numbers.ts";
import type { ProduceRun } from "./produce-run.ts";

/** What the progress line of a run says: acks and their rate, what is on its way, and what went wrong. */
export function produceProgress(run: ProduceRun, readFraction: number | undefined): ProgressState {
  const { counts, laneCount } = run;
  const { acknowledgedCount, submittedCount, inflightCount, reconnectCount } = counts;
  const share = submittedCount === 0 ? 0 : acknowledgedCount / submittedCount;
  const invalidCount = run.invalidCount;
  const notes = [`${formatCount(inflightCount)} in flight`, formatCounted(laneCount, "stream")];
  if (reconnectCount > 0) notes.push(formatCounted(reconnectCount, "reconnect"));
  if (invalidCount > 0) notes.push(formatCounted(invalidCount, "invalid record"));
  if (run.isDown) notes.push("no connection");
  return {
    fraction: readFraction === undefined ? undefined : readFraction * share,
    recordCount: acknowledgedCount,
    note: notes.join("  "),
  };
}
