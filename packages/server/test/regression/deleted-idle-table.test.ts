// SPDX-License-Identifier: Apache-2.0
// A server could not be closed in order where a table was deleted that had all its records.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { GRPC_STATUS } from "@sluice/protocol";
import { startServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, makeDirectory } from "../support/test-server.ts";

const TABLE = "main.idle.t";

describe("a table that is deleted when all its records are committed", () => {
  it("ends its streams, and neither a flush nor the close of the server fails", async () => {
    const dataDirectory = await makeDirectory();
    const server = await startServer({ dataDirectory, auth: false });
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    await server.flush();
    const [entry] = await server.catalog.list();
    assert.ok(entry !== undefined);
    await rm(entry.location, { recursive: true });
    assert.equal((await stream.status).code, GRPC_STATUS.UNAVAILABLE);
    stream.close();
    const outcomes = [await settled(server.flush()), await settled(server.close())];
    await rm(dataDirectory, { recursive: true });
    assert.deepEqual(outcomes, ["done", "done"]);
  });
});

function settled(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => "done",
    (reason: unknown) => reason,
  );
}
