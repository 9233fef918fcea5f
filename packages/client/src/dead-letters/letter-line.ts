// SPDX-License-Identifier: Apache-2.0
import { ERROR_CODES, type ErrorCode } from "@sluice/protocol";
import type { DeadLetter } from "../producer/dead-letter-sink.ts";

/*
 * A dead-letter file is NDJSON in UTF-8. Each line is an object with `version` 1 and a `kind`:
 *
 *   descriptor   sha256 (hex), descriptor (base64 of a serialized DescriptorProto)
 *   letter       id (UUID), table, format ("proto" | "json"), code, reason, at (ISO 8601, UTC),
 *                recordId (if it has one), descriptorSha256 (if it has one; its line is above in the same file),
 *                record (base64: what counts), json (the record again, to be read, if it is JSON)
 *
 * Members that are not known are ignored; so are lines of another kind. A last line without a line feed was never
 * reported as kept: a crash tore it.
 */

const VERSION = 1;

/** A letter as a file has it. */
export interface LetterLine extends Omit<DeadLetter, "descriptor"> {
  readonly kind: "letter";
  readonly id: string;
  readonly descriptorSha256?: string;
}

export interface DescriptorLine {
  readonly kind: "descriptor";
  readonly sha256: string;
  readonly descriptor: Uint8Array;
}

export type ReadLine =
  | LetterLine
  | DescriptorLine
  | { readonly kind: "other" }
  | { readonly kind: "damaged"; readonly reason: string };

export function descriptorLine(sha256: string, descriptor: Uint8Array): string {
  const base64 = base64Of(descriptor);
  return `${JSON.stringify({ version: VERSION, kind: "descriptor", sha256, descriptor: base64 })}\n`;
}

export function letterLine(
  letter: DeadLetter,
  id: string,
  descriptorSha256: string | undefined,
): string {
  const { table, format, code, reason, at, recordId, record } = letter;
  const members = JSON.stringify({
    version: VERSION,
    kind: "letter",
    id,
    table,
    format,
    code,
    reason,
    at: at.toISOString(),
    recordId,
    descriptorSha256,
    record: base64Of(record),
  });
  const json = format === "json" ? readableJson(record) : undefined;
  return json === undefined ? `${members}\n` : `${members.slice(0, -1)},"json":${json}}\n`;
}

/** Reads one line without its line feed. */
export function readLine(text: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "damaged", reason: "it is not JSON" };
  }
  if (typeof value !== "object" || value === null) return damaged("it is not an object");
  const line = value as Record<string, unknown>;
  if (line["version"] !== VERSION) {
    return damaged(`its version is ${JSON.stringify(line["version"])}, not ${VERSION}`);
  }
  if (line["kind"] === "letter") return readLetter(line);
  if (line["kind"] !== "descriptor") return { kind: "other" };
  const { sha256, descriptor } = line;
  if (typeof sha256 !== "string" || typeof descriptor !== "string") {
    return damaged("a descriptor lacks sha256 or descriptor");
  }
  return { kind: "descriptor", sha256, descriptor: Buffer.from(descriptor, "base64") };
}

function readLetter(line: Readonly<Record<string, unknown>>): ReadLine {
  const { id, table, format, code, reason, at, recordId, descriptorSha256, record } = line;
  const time = new Date(typeof at === "string" ? at : Number.NaN);
  if (
    typeof id !== "string" ||
    typeof table !== "string" ||
    (format !== "proto" && format !== "json") ||
    !isErrorCode(code) ||
    typeof reason !== "string" ||
    Number.isNaN(time.getTime()) ||
    typeof record !== "string"
  ) {
    return damaged("a letter lacks id, table, format, code, reason, at or record");
  }
  return {
    kind: "letter",
    id,
    table,
    format,
    code,
    reason,
    at: time,
    record: Buffer.from(record, "base64"),
    ...(typeof recordId === "string" ? { recordId } : {}),
    ...(typeof descriptorSha256 === "string" ? { descriptorSha256 } : {}),
  };
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value);
}

/** The record's own text where it fits on a line, so that its numbers keep their digits. */
function readableJson(record: Uint8Array): string | undefined {
  const text = Buffer.from(record).toString();
  try {
    const value: unknown = JSON.parse(text);
    return /[\r\n]/.test(text) ? JSON.stringify(value) : text;
  } catch {
    return undefined;
  }
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function damaged(reason: string): ReadLine {
  return { kind: "damaged", reason };
}
