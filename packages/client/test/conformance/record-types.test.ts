// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer } from "@sluice/testkit";
import { hasCode, openStream, receivedTexts } from "../integration/helpers.ts";
import { openProtoStream } from "./scripts.ts";

const MISMATCH = hasCode("invalid_argument", "Record type does not match stream configuration.");

test("sends a JSON record as its text, and an object as its JSON", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  await stream.ingestRecordOffset('{"id": 1}');
  await stream.ingestRecordOffset({ id: 2 });
  await stream.close();
  const call = await server.stream(0);
  assert.equal(call.createRequest?.recordType, 2);
  assert.deepEqual(receivedTexts(call), ['{"id": 1}', '{"id":2}']);
  assert.deepEqual(
    call.messages.map(({ format }) => format),
    ["json", "json"],
  );
});

test("sends a JSON batch of three records under one offset", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  assert.equal(await stream.ingestRecordsOffset(["1", "2", "3"]), 0n);
  await stream.close();
  const call = await server.stream(0);
  assert.deepEqual(
    call.messages.map(({ offsetId, kind, format }) => [offsetId, kind, format]),
    [[0, "batch", "json"]],
  );
  assert.deepEqual(receivedTexts(call), ["1", "2", "3"]);
});

test("refuses JSON, single and in a batch, on a protobuf stream without sending it", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openProtoStream(server);
  await assert.rejects(stream.ingestRecordOffset('{"id":1}'), MISMATCH);
  await assert.rejects(stream.ingestRecordOffset({ id: 1 }), MISMATCH);
  await assert.rejects(stream.ingestRecordsOffset(['{"id":1}', '{"id":2}']), MISMATCH);
  assert.equal(await stream.ingestRecordOffset(Buffer.from([1])), 0n);
  await stream.close();
  assert.equal((await server.stream(0)).messages.length, 1);
});

test("refuses protobuf, single and in a batch, on a JSON stream without sending it", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const message = Buffer.from([8, 1]);
  await assert.rejects(stream.ingestRecordOffset(message), MISMATCH);
  await assert.rejects(stream.ingestRecordsOffset([message, message]), MISMATCH);
  assert.equal(await stream.ingestRecordOffset("{}"), 0n);
  await stream.close();
  assert.equal((await server.stream(0)).messages.length, 1);
});

test("sends a batch of one record as a single record, of either type", async () => {
  await using server = await ScriptedServer.start();
  const json = await openStream(server);
  await json.ingestRecordsOffset(["1"]);
  await json.close();
  const proto = await openProtoStream(server);
  await proto.ingestRecordsOffset([Buffer.from([8, 1])]);
  await proto.close();
  const kinds = server.streams.map(({ messages }) =>
    messages.map((each) => [each.kind, each.format]),
  );
  assert.deepEqual(kinds, [[["record", "json"]], [["record", "proto"]]]);
});
