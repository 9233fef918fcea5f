// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { commitName, LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { syntheticFile, temporaryDirectory } from "../../support/table-files.ts";

const SCHEMA = parseColumnList("id BIGINT");
const APPENDER = fileURLToPath(new URL("../../support/append-process.js", import.meta.url));
const WRITER_COUNT = 8;
const APPEND_COUNT = 15;

/** The log has these versions, every append once, and nothing that is left of a try. */
async function assertComplete(location: string, appendCount: number): Promise<void> {
  const expected = Array.from({ length: appendCount + 1 }, (_, version) => commitName(version));
  const names = readdirSync(join(location, LOG_DIRECTORY)).toSorted();
  assert.deepEqual(
    names.filter((name) => !name.endsWith(".crc")),
    expected,
  );
  const table = await openTable(location);
  assert.equal(table.snapshot().files.fileCount, appendCount);
  assert.equal(await table.countRows(), appendCount);
}

describe("concurrent appends", () => {
  test("loses none of eight appenders in one process", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    const versions = await Promise.all(
      Array.from({ length: WRITER_COUNT }, async (_, writer) => {
        const table = await openTable(location);
        const committed: number[] = [];
        for (let version = 1; version <= APPEND_COUNT; version += 1) {
          const result = await table.append({
            files: [syntheticFile(`${writer}-${version}`)],
            txn: { appId: `writer-${writer}`, version },
          });
          assert.equal(result.kind, "committed");
          if (result.kind === "committed") committed.push(result.version);
        }
        return committed;
      }),
    );
    assert.equal(new Set(versions.flat()).size, WRITER_COUNT * APPEND_COUNT);
    await assertComplete(location, WRITER_COUNT * APPEND_COUNT);
  });

  test("loses and repeats none of eight processes", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    const run = promisify(execFile);
    const outputs = await Promise.all(
      Array.from({ length: WRITER_COUNT }, async (_, writer) =>
        run(process.execPath, [APPENDER, location, `writer-${writer}`, String(APPEND_COUNT)]),
      ),
    );
    for (const { stdout } of outputs) {
      assert.deepEqual(JSON.parse(stdout), {
        committedCount: APPEND_COUNT,
        repeatedCount: APPEND_COUNT,
      });
    }
    await assertComplete(location, WRITER_COUNT * APPEND_COUNT);
    const table = await openTable(location);
    for (let writer = 0; writer < WRITER_COUNT; writer += 1) {
      assert.equal(table.snapshot().txns.get(`writer-${writer}`)?.version, APPEND_COUNT);
    }
  });
});
