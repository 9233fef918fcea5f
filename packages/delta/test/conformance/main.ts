// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { printReport, reportOf } from "./report.ts";
import { runMatrix } from "./run-matrix.ts";

const HELP = `npm run interop -- [options]

Checks with engines of others that they read what we write, that we read what they write, and that both work on one
table. Runs what is installed; npm run setup:conformance installs the rest. Exit status: 0 if nothing failed, 1 if
something did, 2 if nothing ran.

  --quick       without Spark, fewer rounds
  --only TEXT   only checks or engines whose name holds TEXT
  --json        the results as JSON on stdout
  --help        this text
`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) process.stdout.write(HELP);
else {
  const matrix = await runMatrix({
    isQuick: flags.quick,
    only: flags.only,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  const report = reportOf(matrix);
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report));
  process.exitCode =
    report.passedCount + report.failedCount === 0 ? 2 : report.failedCount > 0 ? 1 : 0;
}
