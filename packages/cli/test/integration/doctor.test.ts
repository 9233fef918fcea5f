// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TEST_CA_CERTIFICATE, TEST_SERVER_CERTIFICATE, TEST_SERVER_KEY } from "@sluice/testkit";
import type { CheckResult } from "../../src/doctor/run-checks.ts";
import {
  type Environment,
  runInProcess,
  startDev,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const TABLE = "main.default.events";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
}

async function examine(
  environment: Environment,
  ...options: string[]
): Promise<{ code: number | null; ok: boolean; statuses: Record<string, string>; report: Report }> {
  const commandLine = ["doctor", TABLE, "--json", "--timeout", "5", ...options];
  const { code, stdout, stderr } = await runInProcess(commandLine, environment);
  assert.notEqual(stdout, "", stderr);
  const report = JSON.parse(stdout) as Report;
  const statuses = Object.fromEntries(report.checks.map(({ what, status }) => [what, status]));
  for (const { status, detail, fix } of report.checks) {
    assert.notEqual(detail, "");
    if (status === "fail") assert.notEqual(fix ?? "", "");
  }
  return { code, ok: report.ok, statuses, report };
}

function start(context: TestContext, directory: string, ...options: string[]) {
  const table = `${TABLE}=id BIGINT NOT NULL, name STRING`;
  return startDev(context, join(directory, "data"), ["--table", table, ...options]);
}

test("finds nothing wrong with a server that is well, and says which part is not otherwise", async (context) => {
  const directory = await temporaryDirectory(context);
  const dev = await start(context, directory);
  const well = await examine(dev.environment);
  assert.equal(well.code, 0);
  assert.deepEqual([...new Set(Object.values(well.statuses))], ["ok"]);

  const secret = await examine(dev.environment, "--client-secret", "wrong");
  assert.equal(secret.code, 1);
  assert.equal(secret.statuses["token"], "fail");
  assert.equal(secret.statuses["stream"], "skipped");

  const schema = join(directory, "schema.json");
  const column = { name: "gone", type: { kind: "long" }, nullable: false };
  await writeFile(schema, JSON.stringify({ table: TABLE, columns: [column] }));
  const drift = await examine(dev.environment, "--schema", schema);
  assert.equal(drift.statuses["drift"], "fail");

  const { environment } = dev;
  const absent = await runInProcess(["doctor", "main.default.absent"], environment);
  assert.equal(absent.code, 1);
  assert.match(absent.stdout, /^fail +table .*was not found.*\n +-> create the table/m);
  assert.match(absent.stdout, /^skipped +schema +needs table$/m);

  const tls = await examine(
    environment,
    "--endpoint",
    environment["ZEROBUS_SERVER_ENDPOINT"]?.replace("http:", "https:") ?? "",
  );
  assert.equal(tls.statuses["endpoint TLS"], "fail");
  assert.equal(tls.statuses["endpoint HTTP/2"], "skipped");
  assert.equal(tls.statuses["stream"], "skipped");

  await stopDev(dev);
  const gone = await examine(environment);
  assert.equal(gone.statuses["endpoint TCP"], "fail");
  assert.equal(gone.statuses["token"], "skipped");
});

test("looks into the certificate", async (context) => {
  const directory = await temporaryDirectory(context);
  const { ca, cert, key } = await certificateFiles(directory);
  const dev = await start(context, directory, "--tls-cert", cert, "--tls-key", key);
  const environment = { ...dev.environment };
  const unknown = await examine(environment, ...addressOf(dev.ready.endpoint));
  assert.equal(unknown.statuses["endpoint TLS"], "fail");
  const trusted = await examine(environment, ...addressOf(dev.ready.endpoint), "--ca", ca);
  assert.notEqual(trusted.statuses["endpoint TLS"], "fail", JSON.stringify(trusted.report));
  assert.equal(trusted.statuses["endpoint HTTP/2"], "ok");
  assert.equal(trusted.code, 0);
  await stopDev(dev);
});

test("opens a stream for a health check, and says in which phase it failed", async (context) => {
  const dev = await start(context, await temporaryDirectory(context));
  const health = (...options: string[]) => runInProcess(["health", ...options], dev.environment);
  const well = await health(TABLE);
  assert.equal(well.code, 0, well.stderr);
  assert.match(well.stdout, /^healthy .* took a stream for main\.default\.events in /);
  const absent = await health("main.default.absent", "--json");
  assert.equal(absent.code, 1);
  const found = JSON.parse(absent.stdout) as Record<string, unknown>;
  assert.equal(found["phase"], "open");
  assert.equal(found["code"], "not_found");
  const refused = await health(TABLE, "--client-secret", "wrong");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^unhealthy +authenticate \(auth\)/);
  await stopDev(dev);
});

function addressOf(endpoint: string): string[] {
  const secure = endpoint.replace("http:", "https:");
  return ["--endpoint", secure, "--workspace-url", secure];
}

async function certificateFiles(
  directory: string,
): Promise<{ ca: string; cert: string; key: string }> {
  const files = {
    ca: join(directory, "ca.pem"),
    cert: join(directory, "cert.pem"),
    key: join(directory, "key.pem"),
  };
  await writeFile(files.ca, TEST_CA_CERTIFICATE);
  await writeFile(files.cert, TEST_SERVER_CERTIFICATE);
  await writeFile(files.key, TEST_SERVER_KEY);
  return files;
}
