// SPDX-License-Identifier: Apache-2.0
import { ACK_LATENCY, METRIC_CATALOG, prometheusName } from "./metric-catalog.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Several producers on one page, in the Prometheus text format, version 0.0.4:
 *
 * ```text
 * # HELP name text          \ and line feed escaped
 * # TYPE name counter|gauge|histogram
 * name{label="value",...} number       \ and " and line feed escaped in values
 * ```
 *
 * Each metric has one HELP and one TYPE, followed by all its series. Producers that have the same table need a label
 * that tells them apart.
 */
export function prometheusText(snapshots: readonly MetricsSnapshot[]): string {
  const lines: string[] = [];
  for (const metric of METRIC_CATALOG) {
    const name = prometheusName(metric);
    const series = snapshots.flatMap((snapshot) =>
      metric.read(snapshot).map(({ label, value }) => {
        const own: Labels =
          metric.label === undefined || label === undefined ? {} : { [metric.label]: label };
        return line(name, { ...labelsOf(snapshot), ...own }, value);
      }),
    );
    if (series.length > 0) lines.push(...head(name, metric.type, metric.help), ...series);
  }
  const name = prometheusName(ACK_LATENCY);
  lines.push(...head(name, ACK_LATENCY.type, ACK_LATENCY.help));
  for (const snapshot of snapshots) lines.push(...histogramLines(name, snapshot));
  return `${lines.join("\n")}\n`;
}

function histogramLines(name: string, snapshot: MetricsSnapshot): string[] {
  const { boundsSeconds, bucketCounts, count, sumSeconds } = snapshot.ackLatency;
  const labels = labelsOf(snapshot);
  let below = 0;
  const buckets = boundsSeconds.map((bound, index) => {
    below += bucketCounts[index] ?? 0;
    return line(`${name}_bucket`, { ...labels, le: String(bound) }, below);
  });
  return [
    ...buckets,
    line(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    line(`${name}_sum`, labels, sumSeconds),
    line(`${name}_count`, labels, count),
  ];
}

function labelsOf(snapshot: MetricsSnapshot): Labels {
  return { table: snapshot.table, ...snapshot.labels };
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`,
  );
  return `${name}{${pairs.join(",")}} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
