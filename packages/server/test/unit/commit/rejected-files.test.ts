// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { rejectedFilePath, removeUnsettledRejects } from "../../../src/commit/rejected-files.ts";
import { makeDirectory } from "../../support/test-server.ts";

describe("files of rejected rows", () => {
  it("that no commit has settled are removed, those of others and of earlier commits stay", async () => {
    const location = await makeDirectory();
    await removeUnsettledRejects(location, "log-1", 0);
    const paths = [
      rejectedFilePath("log-1", 99, 0),
      rejectedFilePath("log-1", 100, 1),
      rejectedFilePath("log-1", 2_000, 0),
      rejectedFilePath("log-2", 2_000, 0),
    ];
    for (const path of paths) {
      await mkdir(dirname(join(location, path)), { recursive: true });
      await writeFile(join(location, path), "");
    }
    const directory = dirname(join(location, paths[0] as string));
    await writeFile(join(directory, "other.parquet"), "");
    await removeUnsettledRejects(location, "log-1", 100);
    const kept = [paths[0], paths[3]].map((path) => (path as string).split("/").at(-1));
    assert.deepEqual(new Set(await readdir(directory)), new Set(["other.parquet", ...kept]));
    await rm(location, { recursive: true });
  });

  it("has a name of its own each time: what an attempt removes late is not the next one's", () => {
    assert.notEqual(rejectedFilePath("log-1", 1, 0), rejectedFilePath("log-1", 1, 0));
  });
});
