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
  readonly records: number;
  readonly acknowledged: number;
  readonly resent: number;
  readonly reconnects: number;
  /** Records passed over as invalid. */
  readonly skipped: number;
  /** Bytes of input read. */
  readonly bytes: number;
  readonly seconds: number;
  /** Acknowledged records. */
  readonly recordsPerSecond: number;
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
  readonly error: string | null;
}

export function summaryLines(summary: ProduceSummary, style: Style): string[] {
  const { table, acknowledged, records, resent, reconnects, skipped } = summary;
  const unacknowledged = records - acknowledged;
  const rate = `${formatCount(summary.recordsPerSecond)} records/s`;
  const headline = `${formatCounted(acknowledged, "record")} in ${table}`;
  const latency = `p50 ${formatLatency(summary.ackP50Ms ?? undefined)}, p99 ${formatLatency(summary.ackP99Ms ?? undefined)}`;
  const rows: [string, string][] = [
    ["read", `${formatCounted(records, "record")}, ${formatBytes(summary.bytes)}`],
    ["acknowledged", formatCount(acknowledged)],
    ["resent", resentText(resent, reconnects)],
    ["time", `${formatSeconds(summary.seconds)}, ${rate}`],
    ["ack latency", latency],
  ];
  if (skipped > 0) rows.splice(1, 0, ["invalid", style.yellow(`${formatCount(skipped)} skipped`)]);
  if (unacknowledged > 0) {
    rows.splice(2, 0, ["not acknowledged", style.red(formatCount(unacknowledged))]);
  }
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const head = summary.complete ? style.green(headline) : style.yellow(headline);
  return [
    style.bold(head),
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(width))}${value}`),
  ];
}

function resentText(resent: number, reconnects: number): string {
  if (reconnects === 0) return "0";
  const after = `${formatCount(resent)} after ${formatCounted(reconnects, "reconnect")}`;
  return resent === 0 ? after : `${after}; these may be in the table twice`;
}
