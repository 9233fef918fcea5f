// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { MAX_INGEST_PAYLOAD_BYTES } from "@sluice/protocol";
import { formatCount } from "../terminal/numbers.ts";
import type { RecordCollector } from "./record-collector.ts";

/** Why a record that is too long is refused. */
export const TOO_LONG: string = `the record is longer than the limit of ${formatCount(MAX_INGEST_PAYLOAD_BYTES)} bytes; split it`;

/** Whether a record of so many bytes cannot be sent. */
export function isTooLong(byteLength: number): boolean {
  return byteLength > MAX_INGEST_PAYLOAD_BYTES;
}

/** Hands the text of one record to the collector, as it is in the input, if it is a JSON object. */
export function collectJson(collector: RecordCollector, bytes: Buffer, line: number): void {
  if (isTooLong(bytes.length)) {
    collector.refuse(line, TOO_LONG);
    return;
  }
  if (!isUtf8(bytes)) {
    collector.refuse(line, "the text is not UTF-8; convert the file", bytes);
    return;
  }
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    collector.refuse(line, `not valid JSON (${(cause as Error).message})`, bytes);
    return;
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject) collector.add(text, line, value as Record<string, unknown>);
  else collector.refuse(line, "a record must be a JSON object", bytes);
}
