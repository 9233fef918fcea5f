// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { VersionedFile } from "../../../src/catalog/versioned-file.ts";
import { makeDirectory } from "../../support/test-server.ts";

describe("a versioned file", () => {
  let directory: string;
  before(async () => {
    directory = await makeDirectory();
  });
  after(async () => rm(directory, { recursive: true }));

  const open = (name: string): VersionedFile<readonly number[]> =>
    new VersionedFile<readonly number[]>({
      directory: join(directory, name),
      name: "state",
      initial: [],
      parse: (value) => (Array.isArray(value) ? (value as number[]) : undefined),
    });

  it("loses no change of many writers at one time", async () => {
    const writers = Array.from({ length: 8 }, () => open("shared"));
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let count = 0; count < 10; count++) {
          await writer.update((state) => [...state, index * 100 + count]);
        }
      }),
    );
    const state = await open("shared").read();
    assert.equal(state.length, 80);
    assert.equal(new Set(state).size, 80);
  });

  it("shows the changes of others, and begins with nothing", async () => {
    const [one, other] = [open("two"), open("two")];
    assert.deepEqual(await one.read(), []);
    await other.update(() => [1]);
    assert.deepEqual(await one.read(), [1]);
    await one.update((state) => [...state, 2]);
    assert.deepEqual(await other.read(), [1, 2]);
  });

  it("writes nothing where nothing changes, nor where the change throws", async () => {
    const file = open("same");
    await file.update(() => [1]);
    await file.update((state) => state);
    const refused = file.update(() => {
      throw new Error("no");
    });
    await assert.rejects(refused, /no/);
    assert.deepEqual(await readdir(join(directory, "same")), ["state-0000000000000001.json"]);
  });

  it("is not taken for empty when its directory is away", async () => {
    const file = open("away");
    await file.update(() => [1]);
    await rename(join(directory, "away"), join(directory, "aside"));
    await assert.rejects(file.read(), { code: "unavailable", message: /has nothing where/ });
    await rename(join(directory, "aside"), join(directory, "away"));
    assert.deepEqual(await file.read(), [1]);
  });

  it("says when its file is damaged, and passes over what a crash has left", async () => {
    const file = open("damaged");
    await file.update(() => [1]);
    await writeFile(join(directory, "damaged", "state-0000000000000002.json.x.tmp"), "{");
    assert.deepEqual(await open("damaged").read(), [1]);
    await writeFile(join(directory, "damaged", "state-0000000000000002.json"), "{");
    await assert.rejects(open("damaged").read(), { code: "data_loss", message: /restore it/ });
  });
});
