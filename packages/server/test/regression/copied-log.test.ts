// SPDX-License-Identifier: Apache-2.0
// Acknowledged records vanished when a log and a table did not belong together any more: a commit that found its position
// in the table counted as done, though another server, or this one in another life, had put it there.
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { type SluiceServer, startServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, makeDirectory, rowsOf } from "../support/test-server.ts";

const TABLE = "main.copied.t";

async function sendIds(server: SluiceServer, ids: readonly number[]): Promise<void> {
  const stream = new RawStream(server.endpoint);
  await stream.create(TABLE);
  ids.forEach((id, offset) => stream.sendJson(offset, { id }));
  await stream.acked(ids.length - 1);
  stream.close();
}

async function idsOf(server: SluiceServer): Promise<number[]> {
  const ids = (await rowsOf(server, TABLE)).map((row) => Number(row["id"]));
  return ids.sort((left, right) => left - right);
}

describe("a log and tables that have parted", () => {
  it("keeps a copied data directory to its own tables", async () => {
    const original = await makeDirectory();
    const first = await startServer({ dataDirectory: original, auth: false });
    await createTestTable(first, TABLE, "id BIGINT");
    await sendIds(first, [1, 2]);
    await first.close();
    const copied = `${original}-copy`;
    await cp(original, copied, { recursive: true });

    const again = await startServer({ dataDirectory: original, auth: false });
    await sendIds(again, [3, 4, 5, 6, 7, 8]);
    const copy = await startServer({ dataDirectory: copied, auth: false });
    await sendIds(copy, [100]);
    assert.deepEqual(await idsOf(copy), [1, 2, 100]);
    assert.deepEqual(await idsOf(again), [1, 2, 3, 4, 5, 6, 7, 8]);
    await Promise.all([again.close(), copy.close()]);
    for (const directory of [original, copied]) await rm(directory, { recursive: true });
  });

  it("refuses streams to a table that is ahead of a log brought back from an older copy", async () => {
    const dataDirectory = await makeDirectory();
    const first = await startServer({ dataDirectory, auth: false });
    await createTestTable(first, TABLE, "id BIGINT");
    await sendIds(first, [1]);
    await first.close();
    const log = join(dataDirectory, "log");
    await cp(log, `${dataDirectory}-log`, { recursive: true });
    const second = await startServer({ dataDirectory, auth: false });
    await sendIds(second, [2, 3, 4, 5, 6, 7, 8, 9]);
    await second.close();
    await rm(log, { recursive: true });
    await cp(`${dataDirectory}-log`, log, { recursive: true });

    const third = await startServer({ dataDirectory, auth: false });
    const stream = new RawStream(third.endpoint);
    stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.ABORTED);
    assert.match(status.message, /older copy than the table/);
    stream.close();
    await third.close();
    for (const path of [dataDirectory, `${dataDirectory}-log`]) await rm(path, { recursive: true });
  });
});
