// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  ACK_LATENCY_BOUNDS_SECONDS,
  LatencyHistogram,
} from "../../../src/observe/latency-histogram.ts";
import {
  ACK_LATENCY,
  METRIC_CATALOG,
  prometheusName,
} from "../../../src/observe/metric-catalog.ts";
import { ProducerMetrics } from "../../../src/observe/producer-metrics.ts";
import { prometheusText } from "../../../src/observe/prometheus-text.ts";
import { hasCode } from "../../integration/helpers.ts";
import { callbackFailed, healthOf, LANE_COUNT, THROTTLED } from "./samples.ts";

interface Page {
  readonly types: ReadonlyMap<string, string>;
  /** By name and labels, as they stand on the page. */
  readonly series: ReadonlyMap<string, number>;
}

/** Reads a page by the grammar of the format, and refuses what a scraper refuses. */
function parsePage(text: string): Page {
  assert.ok(text.endsWith("\n"));
  const types = new Map<string, string>();
  const series = new Map<string, number>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const head = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (head !== null) {
      const [, word, name = "", rest = ""] = head;
      if (word === "HELP") {
        assert.ok(!types.has(name), `${name} is there twice`);
        current = name;
      } else {
        assert.equal(name, current, "TYPE belongs behind its HELP");
        types.set(name, rest);
      }
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (\S+)$/.exec(
        line,
      );
    assert.ok(sample !== null, `cannot be read: ${line}`);
    const [, name = "", labels = "", value = ""] = sample;
    const family =
      types.get(current) === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name;
    assert.equal(family, current, "a series belongs behind the head of its metric");
    const key = `${name}{${labels}}`;
    assert.ok(!series.has(key), `${key} is there twice`);
    assert.ok(Number.isFinite(Number(value)));
    series.set(key, Number(value));
  }
  return { types, series };
}

test("counts what it is told", () => {
  const metrics = new ProducerMetrics({ table: "main.test.records" });
  metrics.submitted(1, 10);
  metrics.submitted(4, 90);
  metrics.sent(5, 100);
  metrics.acknowledged(3, 60, 12);
  metrics.resent(2);
  metrics.invalid(1);
  metrics.deadLettered(1);
  metrics.reconnected("auth");
  metrics.reconnected("connection");
  metrics.reconnected("connection");
  metrics.tokenRefreshed();
  metrics.event(THROTTLED);
  metrics.event(callbackFailed(new Error("boom")));
  metrics.event(LANE_COUNT);
  const { reconnects, ackLatency, gauges, labels, table, ...counts } = metrics.snapshot();
  assert.deepEqual(counts, {
    submittedRecords: 5,
    submittedBytes: 100,
    sentRecords: 5,
    sentBytes: 100,
    acknowledgedRecords: 3,
    acknowledgedBytes: 60,
    resentRecords: 2,
    invalidRecords: 1,
    deadLetteredRecords: 1,
    tokenRefreshes: 1,
    throttlings: 1,
    callbackFailures: 1,
  });
  assert.equal(reconnects.connection, 2);
  assert.equal(reconnects.auth, 1);
  assert.equal(reconnects.bug, 0);
  assert.equal(ackLatency.count, 1);
  assert.equal(ackLatency.sumSeconds, 0.012);
  assert.equal(gauges, undefined);
  assert.deepEqual(labels, {});
  assert.equal(table, "main.test.records");
});

test("gives a snapshot that later counts leave alone", () => {
  const metrics = new ProducerMetrics({ table: "t" });
  const before = metrics.snapshot();
  metrics.submitted(1, 1);
  metrics.reconnected("bug");
  metrics.acknowledged(1, 1, 1);
  assert.equal(before.submittedRecords, 0);
  assert.equal(before.reconnects.bug, 0);
  assert.equal(before.ackLatency.count, 0);
});

test("puts a duration into the first bucket whose bound is not below it", () => {
  const histogram = new LatencyHistogram([0.001, 0.01, 0.1]);
  for (const durationMs of [0, 1, 1.001, 10, 10.5, 100, 100.1, 1e9]) histogram.record(durationMs);
  assert.deepEqual(histogram.snapshot().bucketCounts, [2, 2, 2, 2]);
  histogram.record(-5);
  histogram.record(Number.NaN);
  const { bucketCounts, count, sumSeconds } = histogram.snapshot();
  assert.deepEqual(bucketCounts, [4, 2, 2, 2]);
  assert.equal(count, 10);
  assert.ok(Math.abs(sumSeconds - 1_000_000.222601) < 1e-6);
});

test("finds the same bucket as a linear search", () => {
  const histogram = new LatencyHistogram(ACK_LATENCY_BOUNDS_SECONDS);
  const expected = Array.from({ length: ACK_LATENCY_BOUNDS_SECONDS.length + 1 }, () => 0);
  for (let durationMs = 0.1; durationMs < 1e6; durationMs *= 1.07) {
    histogram.record(durationMs);
    const found = ACK_LATENCY_BOUNDS_SECONDS.findIndex((bound) => durationMs <= bound * 1_000);
    const index = found < 0 ? ACK_LATENCY_BOUNDS_SECONDS.length : found;
    expected[index] = (expected[index] ?? 0) + 1;
  }
  assert.deepEqual(histogram.snapshot().bucketCounts, expected);
});

test("refuses bounds and labels that cannot be exposed", () => {
  for (const bounds of [[], [0], [1, 1], [2, 1], [1, Number.NaN], [1, Number.POSITIVE_INFINITY]]) {
    assert.throws(() => new LatencyHistogram(bounds), hasCode("invalid_argument"));
  }
  for (const name of ["", "9a", "a-b", "__name__", "table", "le", "cause", "a\n"]) {
    assert.throws(
      () => new ProducerMetrics({ table: "t", labels: { [name]: "x" } }),
      hasCode("invalid_argument"),
    );
  }
});

test("reads gauges from the source it watches, when it is asked", () => {
  const metrics = new ProducerMetrics({ table: "t" });
  const health = healthOf(["running", "running", "reconnecting"], "degraded");
  let spool = { records: 1_000, bytes: 64_000 };
  const source = { health: () => ({ ...health, spool }), queuedRecords: 7 };
  metrics.watch(source);
  const { gauges } = metrics.snapshot();
  assert.equal(gauges?.status, "degraded");
  assert.equal(gauges?.inflightRecords, 12);
  assert.equal(gauges?.lanes.running, 2);
  assert.equal(gauges?.lanes.reconnecting, 1);
  assert.equal(gauges?.lanes.failed, 0);
  assert.equal(gauges?.queuedRecords, 7);
  assert.equal(gauges?.oldestUnacknowledgedSeconds, 1.5);
  spool = { records: 999, bytes: 63_936 };
  assert.equal(metrics.snapshot().gauges?.spool?.records, 999);
  metrics.watch(undefined);
  assert.equal(metrics.snapshot().gauges, undefined);
});

test("writes a page that a scraper can read, in base units", () => {
  const metrics = new ProducerMetrics({
    table: "main.test.records",
    ackLatencyBoundsSeconds: [0.01, 1],
  });
  const spool = { records: 3, bytes: 99 };
  metrics.watch({ health: () => ({ ...healthOf(["running"]), spool }) });
  metrics.submitted(3, 300);
  metrics.acknowledged(1, 100, 5);
  metrics.acknowledged(1, 100, 500);
  metrics.acknowledged(1, 100, 5_000);
  metrics.reconnected("throttling");
  const { types, series } = parsePage(metrics.toPrometheusText());
  const value = (name: string, labels = ""): number | undefined =>
    series.get(`sluice_producer_${name}{table="main.test.records"${labels}}`);
  assert.equal(value("submitted_records_total"), 3);
  assert.equal(value("submitted_bytes_total"), 300);
  assert.equal(value("reconnects_total", ',cause="throttling"'), 1);
  assert.equal(value("reconnects_total", ',cause="bug"'), 0);
  assert.equal(value("ack_latency_seconds_bucket", ',le="0.01"'), 1);
  assert.equal(value("ack_latency_seconds_bucket", ',le="1"'), 2);
  assert.equal(value("ack_latency_seconds_bucket", ',le="+Inf"'), 3);
  assert.equal(value("ack_latency_seconds_sum"), 5.505);
  assert.equal(value("ack_latency_seconds_count"), 3);
  assert.equal(value("lanes", ',state="running"'), 1);
  assert.equal(value("health_status", ',status="healthy"'), 1);
  assert.equal(value("health_status", ',status="down"'), 0);
  assert.equal(value("spool_bytes"), 99);
  assert.equal(value("oldest_unacknowledged_seconds"), 1.5);
  assert.equal(value("queued_records"), undefined);
  assert.equal(types.get("sluice_producer_ack_latency_seconds"), "histogram");
  for (const [name, type] of types) {
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.doesNotMatch(name, /_ms\b|millis/);
  }
});

test("keeps a page readable whatever the labels are", () => {
  const value = 'a"b\\c\nd}e,f="';
  const metrics = new ProducerMetrics({ table: "t", labels: { instance_name: value } });
  const { series } = parsePage(metrics.toPrometheusText());
  const [key = ""] = series.keys();
  assert.ok(key.includes(String.raw`instance_name="a\"b\\c\nd}e,f=\""`), key);
});

test("puts several producers on one page, each metric once", () => {
  const first = new ProducerMetrics({ table: "main.test.first" });
  const second = new ProducerMetrics({ table: "main.test.second" });
  first.submitted(1, 1);
  second.submitted(2, 2);
  const { series } = parsePage(prometheusText([first.snapshot(), second.snapshot()]));
  const name = "sluice_producer_submitted_records_total";
  assert.equal(series.get(`${name}{table="main.test.first"}`), 1);
  assert.equal(series.get(`${name}{table="main.test.second"}`), 2);
});

test("has no more series after a million events than before", () => {
  const metrics = new ProducerMetrics({ table: "t" });
  metrics.watch({ health: () => healthOf(["running"]) });
  const before = parsePage(metrics.toPrometheusText()).series.size;
  for (let count = 0; count < 1_000_000; count++) {
    metrics.submitted(1, count);
    metrics.acknowledged(1, count, count);
  }
  metrics.watch({ health: () => healthOf(Array.from({ length: 1_024 }, () => "opening")) });
  const { series } = parsePage(metrics.toPrometheusText());
  assert.equal(series.size, before);
  assert.equal(series.get('sluice_producer_submitted_bytes_total{table="t"}'), 499_999_500_000);
});

test("has every metric in the docs as it is in the code", () => {
  const docs = readFileSync(
    new URL("../../../../../../docs/observability.md", import.meta.url),
    "utf8",
  );
  const documented = docs
    .split("\n")
    .filter((line) => line.startsWith("| `sluice_producer_"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const expected = [...METRIC_CATALOG, { ...ACK_LATENCY, label: undefined }].map(
    ({ label, ...metric }) => [
      `\`${prometheusName(metric)}\``,
      metric.type,
      metric.unit,
      label ?? "",
      metric.help,
    ],
  );
  assert.deepEqual(documented, expected);
});
