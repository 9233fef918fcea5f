// SPDX-License-Identifier: Apache-2.0
// A valid batch of millions of empty records took gigabytes of columns and stopped the event loop for seconds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GRPC_STATUS, MAX_INGEST_HEADER_BYTES, writeBatchHeader } from "@sluice/protocol";
import { protoType } from "../support/proto-records.ts";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const TABLE = "main.hostile.batch";

describe("a batch of millions of empty records", () => {
  it("is refused by its number of records, and leaves the table as it was", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    await createTestTable(server, TABLE, names.map((name) => `${name} BIGINT`).join(", "));
    const type = protoType(
      `message R { ${names.map((name, index) => `optional int64 ${name} = ${index + 1};`).join(" ")} }`,
    );
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE, 1, type.descriptor);
    const payload = Buffer.alloc(10_000_000);
    for (let at = 0; at < payload.length; at += 2) payload[at] = 0x0a;
    const header = new Uint8Array(MAX_INGEST_HEADER_BYTES);
    const headerEnd = writeBatchHeader(header, 0, 0, "proto", payload.length);
    stream.send(Buffer.concat([header.subarray(0, headerEnd), payload]));
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT, status.message);
    assert.match(status.message, /can hold 419430 records; send smaller batches/);
    assert.deepEqual(await rowsOf(server, TABLE), []);
    stream.close();
  });
});
