// SPDX-License-Identifier: Apache-2.0
import { formatCount, formatCounted, formatLatency, formatSeconds, type Style } from "@sluice/cli";
import type { ProduceResult } from "./produce-flights.ts";
import type { TableContents } from "./verify-table.ts";

export interface Report {
  readonly produced: ProduceResult;
  readonly table: TableContents;
  /** Directory of the Delta table. */
  readonly location: string;
}

/** What happened, for a person. */
export function reportLines({ produced, table, location }: Report, style: Style): string[] {
  const rate = `${formatCount(produced.acknowledgedCount / produced.seconds)} records/s`;
  const drops = `${formatCount(produced.resentCount)} after ${formatCounted(produced.reconnectCount, "reconnect")}`;
  return [
    ...section("Producer", style, [
      ["sent", formatCounted(produced.sentCount, "record")],
      ["acknowledged", formatCounted(produced.acknowledgedCount, "record")],
      ["resent", drops],
      ["time", `${formatSeconds(produced.seconds)}, ${rate}`],
      [
        "ack latency",
        `p50 ${formatLatency(produced.ackP50Ms)}, p99 ${formatLatency(produced.ackP99Ms)}`,
      ],
    ]),
    "",
    ...section("Table, read back from its files", style, [
      ["version", `${table.version} (${formatCounted(table.fileCount, "data file")})`],
      ["rows", formatCount(table.rowCount)],
      ["distinct ids", formatCount(table.distinctCount)],
      ["duplicates", formatCount(table.duplicateCount)],
      ["missing ids", formatCount(table.missingCount)],
      ["wrong rows", formatCount(table.wrongCount)],
      ["location", location],
    ]),
    "",
    ...duplicateLines(table.duplicateCount),
    "",
    style.bold("Open it"),
    `  DuckDB  INSTALL delta; LOAD delta; SELECT count(*), count(DISTINCT id) FROM delta_scan('${location}');`,
    `  Polars  import polars; polars.read_delta("${location}")`,
    `  Spark   spark.read.format("delta").load("${location}").show()`,
  ];
}

/** Why the run is no success, or `undefined`. */
export function failureOf({ produced, table }: Report): string | undefined {
  if (produced.acknowledgedCount !== produced.sentCount) {
    return `${formatCount(produced.sentCount - produced.acknowledgedCount)} records were not acknowledged`;
  }
  if (produced.reconnectCount === 0)
    return "the connection was not dropped, so the recovery was not tried";
  if (table.missingCount > 0) return `${formatCount(table.missingCount)} ids are not in the table`;
  if (table.wrongCount > 0) return `${formatCount(table.wrongCount)} rows are not what was sent`;
  return undefined;
}

function section(
  title: string,
  style: Style,
  rows: readonly (readonly [string, string])[],
): string[] {
  return [
    style.bold(title),
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(14))}${value}`),
  ];
}

function duplicateLines(duplicateCount: number): string[] {
  if (duplicateCount === 0) {
    return [
      "The records under way when the connection was cut had not reached the server, so sending them",
      "again made no duplicates this time. Delivery is at least once: it could have.",
    ];
  }
  return [
    `The server had made ${formatCount(duplicateCount)} records durable whose acks were lost with the connection. The`,
    "producer could not know and sent them again. Delivery is at least once: never lost, sometimes",
    "twice. Keep one row of each when reading:",
    "  SELECT DISTINCT * FROM flights",
  ];
}
