// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRegion } from "../../../src/doctor/regions.ts";
import { runChecks } from "../../../src/doctor/run-checks.ts";
import { clockFinding } from "../../../src/doctor/service-checks.ts";

test("reads the region from the host and compares it with the documented ones", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["1234567890123456.zerobus.us-west-2.cloud.databricks.com", "ok"],
    ["1234567890123456.zerobus.westeurope.azuredatabricks.net", "ok"],
    ["1234567890123456.zerobus.us-central1.gcp.databricks.com", "ok"],
    ["1234567890123456.zerobus.mars-1.cloud.databricks.com", "warn"],
    ["1234567890123456.zerobus.us-west-2.example.com", "warn"],
    ["dbc-1.zerobus.us-west-2.cloud.databricks.com", "fail"],
    ["dbc-1.cloud.databricks.com", "fail"],
    ["localhost", "ok"],
  ];
  for (const [host, status] of cases) assert.equal(checkRegion(host).status, status, host);
});

test("compares clocks by the Date header", () => {
  const nowMs = Date.parse("2026-01-01T00:10:00Z");
  assert.equal(clockFinding("Thu, 01 Jan 2026 00:09:58 GMT", nowMs).status, "ok");
  assert.equal(clockFinding("Thu, 01 Jan 2026 00:09:00 GMT", nowMs).status, "warn");
  assert.equal(clockFinding("Thu, 01 Jan 2026 01:00:00 GMT", nowMs).status, "fail");
  assert.equal(clockFinding("yesterday", nowMs).status, "skipped");
  assert.equal(clockFinding(undefined, nowMs).status, "skipped");
});

test("skips what needs a check that failed or was skipped, and goes on with the rest", async () => {
  const told: string[] = [];
  const results = await runChecks(
    [
      { what: "a", needs: [], run: () => Promise.reject(new Error("no")) },
      { what: "b", needs: ["a"], run: () => ({ status: "ok", detail: "" }) },
      { what: "c", needs: ["b"], run: () => ({ status: "ok", detail: "" }) },
      { what: "d", needs: [], run: () => ({ status: "ok", detail: "fine" }) },
    ],
    async ({ what, status, detail }) => void told.push(`${what} ${status} ${detail}`),
  );
  assert.deepEqual(told, ["a fail no", "b skipped needs a", "c skipped needs b", "d ok fine"]);
  assert.equal(results.length, 4);
});
