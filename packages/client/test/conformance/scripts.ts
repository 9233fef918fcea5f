// SPDX-License-Identifier: Apache-2.0
import {
  RecordType,
  type StreamConfigurationOptions,
  ZerobusSdk,
  type ZerobusStream,
} from "@sluice/client";
import type { Gate, ScriptedServer, StreamScript } from "@sluice/testkit";
import { HEADERS_PROVIDER, TABLE } from "../integration/helpers.ts";

/** A serialized descriptor of a message `R` without fields. */
export const DESCRIPTOR: string = Buffer.from([10, 1, 82]).toString("base64");

/** A protobuf stream to a scripted server, with short backoff. */
export function openProtoStream(
  server: ScriptedServer,
  options: StreamConfigurationOptions = {},
): Promise<ZerobusStream> {
  return new ZerobusSdk(server.url, "http://unused.invalid").createStream(
    { tableName: TABLE, descriptorProto: DESCRIPTOR },
    "",
    "",
    { recordType: RecordType.Proto, recoveryBackoffMs: 5, ...options },
    HEADERS_PROVIDER,
  );
}

/** Acknowledges nothing until so many messages are there, then all of them at once. */
export const ackOnceAfter =
  (messageCount: number): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(messageCount);
    call.ack(messageCount - 1);
    await call.untilHalfClosed();
    call.end();
  };

/** Acknowledges nothing until the gate opens. */
export const ackWhenOpen =
  (gate: Gate): StreamScript =>
  async (call) => {
    await call.accept();
    await gate.opened;
    await call.serve();
  };

/** The offsets from 0, so many of them. */
export function offsets(count: number): bigint[] {
  return Array.from({ length: count }, (_, offset) => BigInt(offset));
}
