// SPDX-License-Identifier: Apache-2.0
import type { ThrottledEvent } from "@sluice/client";
import type { ProgressState } from "../terminal/progress.ts";
import { formatBytes, formatCount, formatCounted } from "../terminal/numbers.ts";
import type { ProduceRun } from "./produce-run.ts";

/** What a run says of a stream that the service seems to hold to a rate. */
export function throttledLine({ lane, report }: ThrottledEvent): string {
  const { recordsPerSecond, bytesPerSecond } = report;
  const rate = `${formatCount(recordsPerSecond)} records/s (${formatBytes(bytesPerSecond)}/s)`;
  return `stream ${lane} gets no further than ${rate}, without an error: the service seems to throttle it; --streams N sends over more`;
}

/** What the progress line of a run says: acks and their rate, what is on its way, and what went wrong. */
export function produceProgress(run: ProduceRun, readFraction: number | undefined): ProgressState {
  const { counts, laneCount } = run;
  const { acknowledgedCount, submittedCount, inflightCount, reconnectCount } = counts;
  const share = submittedCount === 0 ? 0 : acknowledgedCount / submittedCount;
  const invalidCount = run.invalidCount;
  const notes = [`${formatCount(inflightCount)} in flight`, formatCounted(laneCount, "stream")];
  if (reconnectCount > 0) notes.push(formatCounted(reconnectCount, "reconnect"));
  if (invalidCount > 0) notes.push(formatCounted(invalidCount, "invalid record"));
  const { throttledRate } = run;
  if (throttledRate > 0) notes.push(`throttled at ${formatCount(throttledRate)} records/s`);
  if (run.isDown) notes.push("no connection");
  return {
    fraction: readFraction === undefined ? undefined : readFraction * share,
    doneCount: acknowledgedCount,
    note: notes.join("  "),
  };
}
