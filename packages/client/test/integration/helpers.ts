// SPDX-License-Identifier: Apache-2.0
import {
  RecordType,
  type StreamConfigurationOptions,
  ZerobusError,
  ZerobusSdk,
  type ZerobusStream,
} from "@sluice/client";
import type { ScriptedServer, ScriptedStream } from "@sluice/testkit";

export const TABLE = "main.test.records";

export const HEADERS_PROVIDER = {
  getHeadersCallback: (): [string, string][] => [["authorization", "Bearer test"]],
};

/** A JSON stream to a scripted server, with short backoff. */
export function openStream(
  server: ScriptedServer,
  options: StreamConfigurationOptions = {},
): Promise<ZerobusStream> {
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  return sdk.createStream(
    { tableName: TABLE },
    "",
    "",
    { recordType: RecordType.Json, recoveryBackoffMs: 5, ...options },
    HEADERS_PROVIDER,
  );
}

/** The texts of all records a call received, in order. */
export function receivedTexts(stream: ScriptedStream): string[] {
  return stream.messages.flatMap((message) => message.records.map((record) => record.toString()));
}

/** Checks for `assert.rejects`. */
export function hasCode(code: string, text?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof ZerobusError &&
    error.code === code &&
    (text === undefined || error.message.includes(text));
}
