// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const TABLE = "main.types.t";

describe("types beyond the plain ones", () => {
  it("come back from the table as they were sent", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    await createTestTable(
      server,
      TABLE,
      "id BIGINT NOT NULL, small DECIMAL(9,2), large DECIMAL(38,5), tiny TINYINT, code VARCHAR(3)," +
        " tags ARRAY<STRING>, place STRUCT<x: DOUBLE, inner: STRUCT<n: INT>>, counts MAP<STRING, DECIMAL(4,1)>",
    );
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(
      0,
      '{"id":1,"small":-0.05,"large":"123456789012345678901234567890123.45678","tiny":-128,"code":"äbc",' +
        '"tags":["a",null,""],"place":{"x":1.5,"inner":{"n":7}},"counts":{"k":2.5}}',
    );
    stream.sendJson(1, '{"id":2,"tags":[],"place":{"x":null},"counts":{}}');
    await stream.acked(1);
    const nothing = { small: null, large: null, tiny: null, code: null };
    assert.deepEqual(await rowsOf(server, TABLE), [
      {
        id: 1n,
        small: "-0.05",
        large: "123456789012345678901234567890123.45678",
        tiny: -128,
        code: "äbc",
        tags: ["a", null, ""],
        place: { x: 1.5, inner: { n: 7 } },
        counts: new Map([["k", "2.5"]]),
      },
      { id: 2n, ...nothing, tags: [], place: { x: null, inner: null }, counts: new Map() },
    ]);
    stream.close();
  });

  const refused: readonly [string, string, RegExp][] = [
    ["a decimal with more digits than its scale", '{"id":1,"small":0.001}', /field "small"/],
    ["a TINYINT out of range", '{"id":1,"tiny":128}', /field "tiny"/],
    ["a text longer than its VARCHAR", '{"id":1,"code":"abcd"}', /field "code"/],
    ["an unknown key inside of a STRUCT", '{"id":1,"place":{"z":1}}', /field "place/],
    ["a wrong type inside of an ARRAY", '{"id":1,"tags":[1]}', /field "tags/],
  ];
  for (const [name, record, text] of refused) {
    it(`refuse ${name}, and keep the rows before it whole`, async () => {
      await using running = await startTestServer({ auth: false });
      const { server } = running;
      await createTestTable(
        server,
        TABLE,
        "id BIGINT NOT NULL, small DECIMAL(9,2), tiny TINYINT, code VARCHAR(3), tags ARRAY<STRING>, place STRUCT<x: DOUBLE>",
      );
      const stream = new RawStream(server.endpoint);
      await stream.create(TABLE);
      stream.sendJson(0, { id: 0, tags: ["kept"], place: { x: 1 } });
      stream.sendJson(1, record);
      await stream.acked(0);
      const status = await stream.status;
      assert.equal(status.code, 3, status.message);
      assert.match(status.message, /record at offset 1/);
      assert.match(status.message, text);
      const rows = await rowsOf(server, TABLE);
      assert.deepEqual(
        rows.map((row) => [row["id"], row["tags"], row["place"]]),
        [[0n, ["kept"], { x: 1 }]],
      );
      stream.close();
    });
  }
});
