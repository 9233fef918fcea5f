// SPDX-License-Identifier: Apache-2.0
import { batchRecordBytes, MAX_INGEST_PAYLOAD_BYTES, MAX_RECORD_BYTES } from "@sluice/protocol";
import type { RecordPayload } from "../core/record-payload.ts";
import type { Submission } from "../core/room-queue.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { payloadBytes } from "./backlog.ts";
import type { LaneRequest } from "./submit-call.ts";

/** Refuses a record that the service would refuse for its length. */
export function checkRecordBytes(payload: RecordPayload): void {
  // No text is longer in UTF-8 than three bytes for each of its units.
  if (typeof payload === "string" && payload.length * 3 <= MAX_RECORD_BYTES) return;
  const byteCount = payloadBytes(payload);
  if (byteCount <= MAX_RECORD_BYTES) return;
  throw new ZerobusError(
    "invalid_argument",
    `The record has ${byteCount} bytes; the limit is ${MAX_RECORD_BYTES} bytes per record`,
  );
}

/** Makes the requests of a batch without keys, each as long as one may be. */
export function unkeyedRequests(payloads: readonly RecordPayload[]): LaneRequest[] {
  const recordIndexes = payloads.map((_, index) => index);
  return splitByBytes(payloads, recordIndexes).map((part) => requestOf(payloads, part, []));
}

/**
 * Makes the requests of a batch with keys: one per lane and part, and one per slot for slots that are being moved.
 * Records of one slot stay in order.
 */
export function keyedRequests(
  payloads: readonly RecordPayload[],
  slots: readonly number[],
  laneOfSlot: (slot: number) => number | undefined,
): LaneRequest[] {
  const groups = new Map<string, { recordIndexes: number[]; slots: Set<number> }>();
  payloads.forEach((_, index) => {
    const slot = slots[index] as number;
    const lane = laneOfSlot(slot);
    const name = lane === undefined ? `slot ${slot}` : `lane ${lane}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { recordIndexes: [], slots: new Set() };
      groups.set(name, group);
    }
    group.recordIndexes.push(index);
    group.slots.add(slot);
  });
  return [...groups.values()].flatMap((group) =>
    splitByBytes(payloads, group.recordIndexes).map((part) =>
      requestOf(payloads, part, [...group.slots]),
    ),
  );
}

/** Cuts records of a batch so that each part fits into one request, in order. */
function splitByBytes(
  payloads: readonly RecordPayload[],
  recordIndexes: readonly number[],
): number[][] {
  const parts: number[][] = [];
  let part: number[] = [];
  let partBytes = 0;
  for (const index of recordIndexes) {
    const byteCount = batchRecordBytes(payloadBytes(payloads[index] as RecordPayload));
    if (part.length > 0 && partBytes + byteCount > MAX_INGEST_PAYLOAD_BYTES) {
      parts.push(part);
      part = [];
      partBytes = 0;
    }
    part.push(index);
    partBytes += byteCount;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function requestOf(
  payloads: readonly RecordPayload[],
  recordIndexes: readonly number[],
  slots: readonly number[],
): LaneRequest {
  const records = recordIndexes.map((index) => payloads[index] as RecordPayload);
  const [first] = records;
  const submission: Submission = records.length === 1 && first !== undefined ? first : records;
  return { submission, recordCount: records.length, slots, recordIndexes };
}
