// SPDX-License-Identifier: Apache-2.0
// A table that lets its `txn` actions expire got records again that it had, after a restart.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseColumnList } from "@sluice/delta";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { RawStream } from "../support/raw-stream.ts";
import { startTestServer } from "../support/test-server.ts";

const TABLE = "main.forgetful.t";

describe("a table that forgets how far it has the log's records", () => {
  it("is refused, naming the property", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    const properties = { "delta.setTransactionRetentionDuration": "interval 7 days" };
    await server.createTable(TABLE, parseColumnList("id BIGINT"), properties);
    const stream = new RawStream(server.endpoint);
    stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    const status = await stream.status;
    stream.close();
    assert.equal(status.code, GRPC_STATUS.UNIMPLEMENTED);
    assert.match(status.message, /delta\.setTransactionRetentionDuration/);
  });
});
