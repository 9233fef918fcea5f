// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GRPC_STATUS } from "@sluice/protocol";
import { protoType } from "../support/proto-records.ts";
import { batchFrame, RawStream } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const TABLE = "main.large.t";
const COLUMNS = "id BIGINT NOT NULL, note STRING, tags ARRAY<STRING>";
const TYPE = protoType(
  "message R { optional int64 id = 1; optional string note = 2; repeated string tags = 3; }",
);
const COUNT = 40_000;

describe("batches of megabytes", () => {
  it("come to the table whole, in both encodings, while other streams write to it", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    await createTestTable(server, TABLE, COLUMNS);
    const record = (id: number): { id: number; note: string; tags: string[] } => ({
      id,
      note: `note ${id} ${"x".repeat(150)}`,
      tags: [`t${id}`, "ü"],
    });
    const ids = Array.from({ length: COUNT }, (_, index) => index);
    const json = new RawStream(server.endpoint);
    await json.create(TABLE);
    const proto = new RawStream(server.endpoint);
    await proto.create(TABLE, 1, TYPE.descriptor);
    const other = new RawStream(server.endpoint);
    await other.create(TABLE);
    const texts = ids.map((id) => Buffer.from(JSON.stringify(record(id))));
    const messages = ids.map((id) => TYPE.encode(record(COUNT + id)));
    json.send(batchFrame(0, "json", texts));
    proto.send(batchFrame(0, "proto", messages));
    for (let offset = 0; offset < 50; offset++) other.sendJson(offset, record(2 * COUNT + offset));
    await Promise.all([json.acked(0), proto.acked(0), other.acked(49)]);
    const rows = await rowsOf(server, TABLE);
    rows.sort((left, right) => Number(left["id"]) - Number(right["id"]));
    assert.equal(rows.length, 2 * COUNT + 50);
    for (const [index, row] of rows.entries()) {
      assert.deepEqual({ ...row, id: Number(row["id"]) }, record(index), `row ${index}`);
    }
    for (const stream of [json, proto, other]) stream.close();
  });

  it("leave no row when their last record is refused", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    await createTestTable(server, TABLE, COLUMNS);
    const texts = Array.from({ length: COUNT }, (_, id) =>
      Buffer.from(JSON.stringify({ id, note: "x".repeat(150) })),
    );
    const refused = new RawStream(server.endpoint);
    await refused.create(TABLE);
    refused.send(batchFrame(0, "json", [...texts, Buffer.from('{"id":null}')]));
    const status = await refused.status;
    assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT);
    assert.match(status.message, new RegExp(`record ${COUNT} of its batch`));
    const last = new RawStream(server.endpoint);
    await last.create(TABLE);
    last.sendJson(0, { id: -1 });
    await last.acked(0);
    assert.deepEqual(
      (await rowsOf(server, TABLE)).map(({ id }) => Number(id)),
      [-1],
    );
    refused.close();
    last.close();
  });
});
