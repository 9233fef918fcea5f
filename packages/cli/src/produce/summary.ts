// SPDX-License-Identifier: Apache-2.0
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatLatency,
  formatSeconds,
} from "../terminal/numbers.ts";
import type { Style } from "../terminal/style.ts";

/** What `sluice produce` has done; the shape of its `--json` output. */
export interface ProduceSummary {
  readonly table: string;
  /** Everything was read, and all of it was acknowledged. */
  readonly complete: boolean;
  /** Whether the run was ended by a signal. */
  readonly interrupted: boolean;
  readonly encoding: "proto" | "json";
  /** Records read, invalid ones and those of an earlier run's spool included. */
  readonly records: number;
  readonly acknowledged: number;
  /** Records that may or may not be in the table. */
  readonly unacknowledged: number;
  readonly resent: number;
  readonly reconnects: number;
  /** Streams that the service seemed to throttle without an error. */
  readonly throttledStreams: number;
  /** Records passed over as invalid. */
  readonly skipped: number;
  /** Invalid records kept in the dead letters. */
  readonly deadLettered: number;
  /** Records that the spool keeps for the next run. */
  readonly spooled: number;
  /** Bytes of input read. */
  readonly bytes: number;
  readonly seconds: number;
  /** Acknowledged records. */
  readonly recordsPerSecond: number;
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
  readonly error: string | null;
}

/** Exit codes of `sluice produce`; a signal's are those that a shell expects. */
export const PRODUCE_EXIT = {
  acknowledged: 0,
  failed: 1,
  setAside: 3,
  unacknowledged: 4,
} as const;

/** What the summary says of a run that no signal ended. */
export function exitCodeOf(summary: ProduceSummary): number {
  if (summary.error !== null) return PRODUCE_EXIT.failed;
  if (summary.unacknowledged > 0 || summary.spooled > 0) return PRODUCE_EXIT.unacknowledged;
  if (summary.skipped > 0 || summary.deadLettered > 0) return PRODUCE_EXIT.setAside;
  return PRODUCE_EXIT.acknowledged;
}

export function summaryLines(summary: ProduceSummary, style: Style): string[] {
  const { table, acknowledged, records, resent, reconnects } = summary;
  const rate = `${formatCount(summary.recordsPerSecond)} records/s`;
  const headline = `${formatCounted(acknowledged, "record")} in ${table}`;
  const latency = `p50 ${formatLatency(summary.ackP50Ms ?? undefined)}, p99 ${formatLatency(summary.ackP99Ms ?? undefined)}`;
  const rows: [string, string][] = [
    ["read", `${formatCounted(records, "record")}, ${formatBytes(summary.bytes)}`],
    ...invalidRows(summary, style),
    ["acknowledged", formatCount(acknowledged)],
    ...missingRows(summary, style),
    ["resent", resentText(resent, reconnects)],
    ["time", `${formatSeconds(summary.seconds)}, ${rate}`],
    ["ack latency", latency],
    ...throttledRows(summary, style),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const head = summary.complete ? style.green(headline) : style.yellow(headline);
  return [
    style.bold(head),
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(width))}${value}`),
  ];
}

function invalidRows({ skipped, deadLettered }: ProduceSummary, style: Style): [string, string][] {
  const rows: [string, string][] = [];
  if (skipped > 0) rows.push(["invalid", style.yellow(`${formatCount(skipped)} skipped`)]);
  if (deadLettered > 0) {
    rows.push(["invalid", style.yellow(`${formatCount(deadLettered)} in the dead letters`)]);
  }
  return rows;
}

function missingRows(
  { unacknowledged, spooled }: ProduceSummary,
  style: Style,
): [string, string][] {
  const rows: [string, string][] = [];
  if (unacknowledged > 0) rows.push(["not acknowledged", style.red(formatCount(unacknowledged))]);
  if (spooled > 0) {
    rows.push(["in the spool", style.yellow(`${formatCount(spooled)}, sent by the next run`)]);
  }
  return rows;
}

function throttledRows({ throttledStreams }: ProduceSummary, style: Style): [string, string][] {
  if (throttledStreams === 0) return [];
  const text = `${formatCounted(throttledStreams, "stream")}, it seems; --streams N sends over more`;
  return [["throttled", style.yellow(text)]];
}

function resentText(resent: number, reconnects: number): string {
  if (reconnects === 0) return "0";
  const after = `${formatCount(resent)} after ${formatCounted(reconnects, "reconnect")}`;
  return resent === 0 ? after : `${after}; these may be in the table twice`;
}
