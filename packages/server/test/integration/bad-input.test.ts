// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  encodeCreateStreamFrame,
  GRPC_STATUS,
  MAX_RECORD_BYTES,
  type GrpcStatusName,
} from "@sluice/protocol";
import type { SluiceServer } from "../../src/index.ts";
import { RawStream, recordFrame } from "../support/raw-stream.ts";
import {
  createTestTable,
  requestToken,
  rowsOf,
  startTestServer,
  type TestServer,
  tokenFor,
} from "../support/test-server.ts";

const TABLE = "main.bad.input";
const OTHER_TABLE = "main.bad.other";

describe("bad input over a real socket", () => {
  let running: TestServer;
  let server: SluiceServer;
  let token: string;
  /** A well-behaved stream that is open during each test and must not notice anything. */
  let witness: RawStream;
  let witnessOffset = 0;

  before(async () => {
    running = await startTestServer();
    server = running.server;
    for (const table of [TABLE, OTHER_TABLE]) {
      await createTestTable(server, table, "id BIGINT NOT NULL, name STRING");
    }
    token = await tokenFor(server, TABLE);
    witness = new RawStream(server.endpoint, { token });
    await witness.create(TABLE);
  });

  after(async () => {
    witness.end();
    assert.equal((await witness.status).code, GRPC_STATUS.OK);
    const rows = await rowsOf(server, TABLE);
    const mine = rows.filter((row) => row["name"] === "witness");
    assert.equal(mine.length, witnessOffset);
    witness.close();
    await running[Symbol.asyncDispose]();
  });

  const streams: RawStream[] = [];
  function open(options: ConstructorParameters<typeof RawStream>[1] = { token }): RawStream {
    const stream = new RawStream(server.endpoint, options);
    streams.push(stream);
    return stream;
  }

  beforeEach(() => streams.splice(0));

  afterEach(async () => {
    witness.sendJson(witnessOffset, { id: witnessOffset, name: "witness" });
    await witness.acked(witnessOffset);
    witnessOffset++;
    for (const stream of streams) stream.close();
  });

  async function expectStatus(
    stream: RawStream,
    name: GrpcStatusName,
    text: RegExp,
  ): Promise<void> {
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS[name], status.message);
    assert.match(status.message, text);
  }

  it("answers a garbage preface with an HTTP error and closes", async () => {
    const answer = await exchange(server.port, Buffer.from("GARBAGE\0\x01\x02\r\n\r\n"));
    assert.match(answer.toString("latin1"), /^HTTP\/1\.1 400 /);
  });

  it("closes a connection whose HTTP/2 preface breaks off into garbage", async () => {
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const answer = await exchange(server.port, Buffer.concat([preface, Buffer.alloc(64, 0xee)]));
    assert.ok(!answer.toString("latin1").includes("HTTP/1.1"));
  });

  it("closes a connection that starts TLS on a server without a certificate", async () => {
    const answer = await exchange(server.port, Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
    assert.equal(answer.length, 0);
  });

  it("survives connections of random bytes", async () => {
    for (let round = 0; round < 20; round++) await exchange(server.port, randomBytes(200));
  });

  it("answers an unknown gRPC method with UNIMPLEMENTED", async () => {
    const stream = open({ token, path: "/databricks.zerobus.Zerobus/Nonsense" });
    await expectStatus(stream, "UNIMPLEMENTED", /no method .*Nonsense/);
  });

  it("answers PersistentStream with UNIMPLEMENTED", async () => {
    const stream = open({ token, path: "/databricks.zerobus.Zerobus/PersistentStream" });
    await expectStatus(stream, "UNIMPLEMENTED", /this server offers/);
  });

  it("answers a wrong content type with HTTP 415", async () => {
    const stream = open({ token, contentType: "application/json" });
    stream.end();
    assert.equal(await stream.headers, 415);
  });

  it("refuses a first message that is not create_stream", async () => {
    const stream = open();
    stream.sendJson(0, { id: 1 });
    await expectStatus(stream, "INVALID_ARGUMENT", /first message must be CreateStream/);
  });

  it("refuses an empty first frame", async () => {
    const stream = open();
    stream.send(new Uint8Array(5));
    await expectStatus(stream, "INVALID_ARGUMENT", /first message must be CreateStream/);
  });

  it("refuses an empty frame among records, and keeps the records before it", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.sendJson(0, { id: 900, name: "before" });
    stream.send(new Uint8Array(5));
    await stream.acked(0);
    await expectStatus(stream, "INVALID_ARGUMENT", /offset 1: the message carries no payload/);
  });

  it("refuses a frame that announces 4 GiB without waiting for it", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.send(Uint8Array.of(0, 255, 255, 255, 255, 1, 2, 3));
    await expectStatus(stream, "INVALID_ARGUMENT", /4294967295 bytes exceeds the limit/);
  });

  it("refuses a frame that the end of the stream cuts off", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.sendJson(0, { id: 901, name: "before" });
    stream.send(Uint8Array.of(0, 0, 0, 0, 100, 1, 2, 3));
    stream.end();
    await stream.acked(0);
    await expectStatus(stream, "INVALID_ARGUMENT", /ended inside of a message, 8 bytes into it/);
  });

  it("refuses compressed messages", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.send(Uint8Array.of(1, 0, 0, 0, 1, 0));
    await expectStatus(stream, "UNIMPLEMENTED", /compressed messages are not supported/);
  });

  it("refuses a compressed flag that is neither 0 nor 1", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.send(Uint8Array.of(7, 0, 0, 0, 1, 0));
    await expectStatus(stream, "INVALID_ARGUMENT", /flag of a gRPC frame/);
  });

  it("refuses bytes that are no message", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.send(Uint8Array.of(0, 0, 0, 0, 3, 0xff, 0xff, 0xff));
    await expectStatus(stream, "INVALID_ARGUMENT", /offset 0: not a valid EphemeralStreamRequest/);
  });

  it("refuses an unknown table", async () => {
    const table = "main.bad.absent";
    const stream = open({ token: await tokenFor(server, table) });
    stream.send(encodeCreateStreamFrame({ tableName: table, recordType: 2 }));
    await expectStatus(stream, "NOT_FOUND", /main\.bad\.absent does not exist/);
  });

  it("refuses table names that are not three plain parts", async () => {
    for (const tableName of [
      "t",
      "a.b",
      "a.b.c.d",
      "a..c",
      "../../etc/passwd",
      "a.b.c/../../d",
      "",
    ]) {
      const stream = open();
      stream.send(encodeCreateStreamFrame({ tableName, recordType: 2 }));
      await expectStatus(stream, "INVALID_ARGUMENT", /table name|name part/);
    }
  });

  it("refuses a missing, a malformed and a foreign token", async () => {
    await expectStatus(open({}), "UNAUTHENTICATED", /authorization header is missing/);
    await expectStatus(open({ token: "x" }), "UNAUTHENTICATED", /not valid here/);
    const [header, payload] = token.split(".") as [string, string];
    const forged = `${header}.${payload}.${Buffer.alloc(32).toString("base64url")}`;
    await expectStatus(open({ token: forged }), "UNAUTHENTICATED", /not valid here/);
  });

  it("refuses a token of algorithm none", async () => {
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: "sluice",
      sub: "x",
      exp: 9_999_999_999,
      grants: [{ table: TABLE, privileges: ["MODIFY"] }],
    };
    const none = `${encode({ alg: "none", typ: "at+jwt" })}.${encode(claims)}.`;
    await expectStatus(open({ token: none }), "UNAUTHENTICATED", /not valid here/);
  });

  it("refuses a token for another table, and one without MODIFY", async () => {
    const stream = open({ token: await tokenFor(server, OTHER_TABLE) });
    stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    await expectStatus(
      stream,
      "PERMISSION_DENIED",
      /missing MODIFY privilege for a table main\.bad\.input\. Error Code: 3/,
    );

    const answer = await requestToken(server, { table: TABLE, privileges: ["SELECT"] });
    const { access_token } = (await answer.json()) as { access_token: string };
    const reader = open({ token: access_token });
    reader.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    await expectStatus(reader, "PERMISSION_DENIED", /missing MODIFY privilege/);
  });

  it("refuses a descriptor of garbage, none at all, and one that does not fit", async () => {
    const garbage = open();
    const descriptorProto = Buffer.from("this is not a descriptor");
    garbage.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 1, descriptorProto }));
    await expectStatus(garbage, "INVALID_ARGUMENT", /DescriptorProto/);

    const none = open();
    none.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 1 }));
    await expectStatus(none, "INVALID_ARGUMENT", /needs descriptor_proto/);

    // message M { optional string nope = 1; }
    const foreign = Buffer.concat([
      Buffer.from([0x0a, 1, 0x4d, 0x12, 10, 0x0a, 4]),
      Buffer.from("nope"),
      Buffer.from([0x18, 1, 0x28, 9]),
    ]);
    const wrong = open();
    wrong.send(
      encodeCreateStreamFrame({ tableName: TABLE, recordType: 1, descriptorProto: foreign }),
    );
    await expectStatus(wrong, "INVALID_ARGUMENT", /nope/);
  });

  it("refuses record types that do not exist, and Avro", async () => {
    for (const [recordType, name] of [
      [0, "INVALID_ARGUMENT"],
      [77, "INVALID_ARGUMENT"],
      [4, "UNIMPLEMENTED"],
    ] as const) {
      const stream = open();
      stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType }));
      await expectStatus(stream, name, /record type/);
    }
  });

  it("refuses a record over 10 MiB, and keeps the records before it", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.sendJson(0, { id: 902, name: "before" });
    stream.sendJson(1, { id: 903, name: "x".repeat(MAX_RECORD_BYTES) });
    await stream.acked(0);
    await expectStatus(
      stream,
      "INVALID_ARGUMENT",
      /offset 1: 104857\d\d bytes exceed the limit of 10485760/,
    );
  });

  it("refuses an offset gap, a repeated and a missing offset", async () => {
    const gap = open();
    await gap.create(TABLE);
    gap.sendJson(0, { id: 904, name: "before" });
    gap.sendJson(2, { id: 905, name: "gap" });
    await gap.acked(0);
    await expectStatus(gap, "INVALID_ARGUMENT", /Non-incremental offset: expected 1, actual 2/);

    const repeated = open();
    await repeated.create(TABLE);
    repeated.sendJson(0, { id: 906, name: "before" });
    repeated.sendJson(0, { id: 907, name: "again" });
    await repeated.acked(0);
    await expectStatus(repeated, "INVALID_ARGUMENT", /expected 1, actual 0/);

    const missing = open();
    await missing.create(TABLE);
    // ingest_record { json_record: "{}" }
    missing.send(Uint8Array.of(0, 0, 0, 0, 6, 0x12, 4, 0x1a, 2, 0x7b, 0x7d));
    await expectStatus(missing, "INVALID_ARGUMENT", /no offset_id/);
  });

  it("refuses a record of the other type, and a second create_stream", async () => {
    const other = open();
    await other.create(TABLE);
    other.send(recordFrame(0, "proto", Uint8Array.of(8, 1)));
    await expectStatus(other, "INVALID_ARGUMENT", /PROTO does not match the stream's JSON/);

    const second = open();
    await second.create(TABLE);
    second.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    await expectStatus(second, "INVALID_ARGUMENT", /created once/);
  });

  const badRecords: readonly [string, string, RegExp][] = [
    ["text that is no JSON", "not json", /offset 0/],
    ["an array", "[1]", /offset 0/],
    ["empty text", "", /offset 0/],
    ["an unknown key", '{"id":1,"nope":2}', /field "nope"/],
    ["a missing NOT NULL column", '{"name":"x"}', /field "id"/],
    ["a null in a NOT NULL column", '{"id":null}', /field "id"/],
    ["a value of the wrong type", '{"id":"1"}', /field "id"/],
    ["a number out of range", '{"id":9223372036854775808}', /field "id"/],
    ["a cut record", '{"id":1,"name":"x', /offset 0/],
  ];
  for (const [name, record, text] of badRecords) {
    it(`refuses ${name}, naming the record and the reason`, async () => {
      const stream = open();
      await stream.create(TABLE);
      stream.sendJson(0, record);
      await expectStatus(stream, "INVALID_ARGUMENT", text);
    });
  }

  it("refuses text that is not UTF-8", async () => {
    const stream = open();
    await stream.create(TABLE);
    const record = Buffer.concat([
      Buffer.from('{"id":1,"name":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]);
    stream.send(recordFrame(0, "json", record));
    await expectStatus(stream, "INVALID_ARGUMENT", /field "name"/);
  });

  it("keeps one stream's fault from the other streams of its connection", async () => {
    const session = connectHttp2(server.endpoint);
    const good = new RawStream(server.endpoint, { token }, session);
    const bad = new RawStream(server.endpoint, { token }, session);
    await good.create(TABLE);
    await bad.create(TABLE);
    bad.sendJson(0, "nonsense");
    await expectStatus(bad, "INVALID_ARGUMENT", /offset 0/);
    good.sendJson(0, { id: 908, name: "neighbour" });
    await good.acked(0);
    good.end();
    assert.equal((await good.status).code, GRPC_STATUS.OK);
    session.destroy();
  });

  it("keeps what was acknowledged when the client resets the stream", async () => {
    const stream = open();
    await stream.create(TABLE);
    stream.sendJson(0, { id: 909, name: "cancelled" });
    await stream.acked(0);
    stream.stream.close(constants.NGHTTP2_CANCEL);
    await stream.status;
    const rows = await rowsOf(server, TABLE);
    assert.ok(rows.some((row) => row["id"] === 909n));
  });

  it("commits none of the records that it refused", async () => {
    const names = new Set((await rowsOf(server, TABLE)).map((row) => row["name"]));
    assert.ok(!names.has("gap") && !names.has("again"));
    assert.ok(names.has("before"));
  });
});

/** Sends bytes on a plain connection and reads until the server closes it. */
function exchange(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}
