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

/** Cuts a batch so that each part fits into one request, in order. */
export function splitByBytes(payloads: readonly RecordPayload[]): RecordPayload[][] {
  const parts: RecordPayload[][] = [];
  let part: RecordPayload[] = [];
  let partBytes = 0;
  for (const payload of payloads) {
    const byteCount = batchRecordBytes(payloadBytes(payload));
    if (part.length > 0 && partBytes + byteCount > MAX_INGEST_PAYLOAD_BYTES) {
      parts.push(part);
      part = [];
      partBytes = 0;
    }
    part.push(payload);
    partBytes += byteCount;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Makes one request of records without keys. */
export function requestOf(
  payloads: readonly RecordPayload[],
  slots: readonly number[],
): LaneRequest {
  const [first] = payloads;
  const submission: Submission = payloads.length === 1 && first !== undefined ? first : payloads;
  return { submission, recordCount: payloads.length, slots };
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
  const groups = new Map<string, { payloads: RecordPayload[]; slots: Set<number> }>();
  payloads.forEach((payload, index) => {
    const slot = slots[index] as number;
    const lane = laneOfSlot(slot);
    const name = lane === undefined ? `slot ${slot}` : `lane ${lane}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { payloads: [], slots: new Set() };
      groups.set(name, group);
    }
    group.payloads.push(payload);
    group.slots.add(slot);
  });
  return [...groups.values()].flatMap((group) =>
    splitByBytes(group.payloads).map((part) => requestOf(part, [...group.slots])),
  );
}
