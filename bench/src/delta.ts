// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { PYTHON, S3_CREDENTIALS, skipWithoutS3Server, startS3Server } from "@sluice/testkit";
import { DELTA_CASES, type S3Target } from "./delta/delta-cases.ts";
import { DeltalakeProcess } from "./delta/deltalake-process.ts";
import { deltaBarRows } from "./delta/report.ts";
import { formatTable } from "./lib/format-table.ts";
import { circumstances, resultRows, writeJson } from "./lib/report.ts";
import { ResultSet } from "./lib/results.ts";
import { DATA_ROOT } from "./lib/server-run.ts";

const HELP = `npm run bench:delta -- [options]

Measures the Delta library beside delta-rs (Python) on the same data. Progress goes to stderr, the tables to stdout.

  --quick       a small part of the sizes, one run: shows that everything works
  --runs N      runs of each case, both sides in each (default 3, with --quick 1)
  --only TEXT   only cases whose name holds TEXT; nothing is written
  --json        the results as JSON on stdout instead
  --help        this text

Written: bench/results/delta.json. Needs npm run setup:conformance, and npm run setup:stores for the cases on S3.
`;

const QUICK_SCALE = 0.02;
const BUCKET = "bench";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) process.stdout.write(HELP);
else if (PYTHON === null) {
  process.stderr.write("no Python with deltalake: npm run setup:conformance installs it\n");
  process.exitCode = 2;
} else await runAll(PYTHON);

async function runAll(interpreter: string): Promise<void> {
  const [loadBefore = 0] = loadavg();
  const mode = flags.quick ? "quick" : "full";
  mkdirSync(DATA_ROOT, { recursive: true });
  const directory = mkdtempSync(join(DATA_ROOT, "delta-"));
  await using deltalake = await DeltalakeProcess.start(interpreter);
  await using server = skipWithoutS3Server === false ? await startS3Server() : null;
  try {
    const s3 = server === null ? undefined : await s3TargetOf(server.url);
    const results = new ResultSet();
    const bench = { results, deltalake, directory, scale: flags.quick ? QUICK_SCALE : 1, s3 };
    const cases = DELTA_CASES.filter(({ name }) => name.includes(flags.only));
    const runs = Number(flags.runs ?? (flags.quick ? 1 : 3));
    for (const { prepare } of DELTA_CASES) await prepare?.(bench);
    for (let run = 1; run <= runs; run += 1) {
      for (const one of cases) {
        await one.run(bench);
        process.stderr.write(`run ${run} of ${runs}: ${one.name}\n`);
      }
    }
    const measured = results.results();
    const where = circumstances(mode);
    const content = {
      ...where,
      machine: { ...where.machine, loadAverageBefore: Math.round(loadBefore) },
      versions: { ...where.versions, ...deltalake.versions },
      durability:
        "ours: data file, commit and directory synced before a commit resolves; delta-rs: nothing is synced",
      results: measured,
    };
    if (flags.only === "" && !flags.quick) writeJson("bench/results/delta.json", content);
    if (flags.json) process.stdout.write(`${JSON.stringify(content, null, 2)}\n`);
    else {
      process.stdout.write(`${formatTable(resultRows(measured))}\n\n`);
      process.stdout.write(`${formatTable(deltaBarRows(measured))}\n`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function s3TargetOf(endpoint: string): Promise<S3Target> {
  const s3 = { endpoint, region: "us-east-1", credentials: S3_CREDENTIALS };
  const client = new S3Client({ ...s3, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    bucket: BUCKET,
    storeOptions: { s3 },
    deltaRsOptions: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      AWS_ALLOW_HTTP: "true",
    },
  };
}
