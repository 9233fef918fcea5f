// SPDX-License-Identifier: Apache-2.0

/*
 * An entry of the log under a spool. Numbers are little-endian.
 *
 *   entry    = kind:u8 flags:u8 slot:u16 sequence:u64 body
 *   kind     = 1 record     body is the record; `sequence` is its own, one more than that of the record before it
 *            | 2 settled    no body; everything in front of `sequence` is settled
 *            | 3 copyBegin  no body; copies of the records from `sequence` on follow
 *            | 4 copyEnd    no body; the copies are complete and stand for all records in front of `copyBegin`
 *   flags    = bit 0: the record is a copy, written by a rewrite; other bits 0
 *   slot     = the record's partition slot; 0 in the other kinds
 *   sequence = a safe integer
 *
 * Copies without a copyEnd are what a crash left of a rewrite: they are ignored, the originals are still there.
 */

export const ENTRY_HEADER_BYTES = 12;

export const ENTRY_KIND = { record: 1, settled: 2, copyBegin: 3, copyEnd: 4 } as const;

export type SpoolEntryKind = keyof typeof ENTRY_KIND;

export interface SpoolEntry {
  readonly kind: SpoolEntryKind;
  readonly isCopy: boolean;
  readonly slot: number;
  readonly sequence: number;
}

const COPY_FLAG = 1;
const KIND_BY_NUMBER: ReadonlyMap<number, SpoolEntryKind> = new Map(
  Object.entries(ENTRY_KIND).map(([kind, number]) => [number, kind as SpoolEntryKind]),
);

/** Writes an entry's header into the first bytes of `target`. */
export function writeEntryHeader(
  target: Buffer,
  kind: SpoolEntryKind,
  sequence: number,
  slot: number = 0,
  isCopy: boolean = false,
): void {
  target[0] = ENTRY_KIND[kind];
  target[1] = isCopy ? COPY_FLAG : 0;
  target.writeUInt16LE(slot, 2);
  target.writeUInt32LE(sequence % 0x1_0000_0000, 4);
  target.writeUInt32LE(Math.floor(sequence / 0x1_0000_0000), 8);
}

/** Reads an entry's header; `undefined` where the bytes are not one. */
export function readEntryHeader(bytes: Uint8Array): SpoolEntry | undefined {
  if (bytes.byteLength < ENTRY_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_HEADER_BYTES);
  const kind = KIND_BY_NUMBER.get(view.getUint8(0));
  const flags = view.getUint8(1);
  const sequence = view.getUint32(4, true) + view.getUint32(8, true) * 0x1_0000_0000;
  if (kind === undefined || flags > COPY_FLAG || !Number.isSafeInteger(sequence)) return undefined;
  return { kind, isCopy: flags === COPY_FLAG, slot: view.getUint16(2, true), sequence };
}
