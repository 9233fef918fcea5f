// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import { loadLogPackage } from "../../../src/spool/load-log.ts";
import { RecordTail } from "../../../src/spool/record-tail.ts";
import { SegmentLedger } from "../../../src/spool/segment-ledger.ts";
import {
  ENTRY_HEADER_BYTES,
  readEntryHeader,
  type SpoolEntryKind,
  writeEntryHeader,
} from "../../../src/spool/spool-entry.ts";
import { resolveSpoolOptions } from "../../../src/spool/spool-options.ts";
import { SPOOL_TRANSITIONS } from "../../../src/spool/spool-state.ts";

test("reads back every entry header it writes", () => {
  const kinds: SpoolEntryKind[] = ["record", "settled", "copyBegin", "copyEnd"];
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.maxSafeNat(),
      fc.nat(65_535),
      fc.boolean(),
      (kind, sequence, slot, isCopy) => {
        const bytes = Buffer.alloc(ENTRY_HEADER_BYTES);
        writeEntryHeader(bytes, kind, sequence, slot, isCopy);
        assert.deepEqual(readEntryHeader(bytes), { kind, sequence, slot, isCopy });
      },
    ),
  );
});

test("takes no other bytes for an entry header", () => {
  assert.equal(readEntryHeader(Buffer.alloc(11)), undefined);
  assert.equal(readEntryHeader(Buffer.alloc(12)), undefined);
  const bytes = Buffer.alloc(12, 0xff);
  bytes[0] = 1;
  assert.equal(readEntryHeader(bytes), undefined);
  bytes[1] = 0;
  assert.equal(readEntryHeader(bytes), undefined);
});

test("counts the records and bytes that are not settled", () => {
  const ledger = new SegmentLedger(0);
  let position = 0;
  for (let index = 0; index < 3000; index++) {
    ledger.addRecord(Math.floor(index / 1000), position, position + 10, 10);
    position += 10;
  }
  assert.equal(ledger.recordBytes, 30_000);
  assert.equal(ledger.settle(500), undefined);
  assert.deepEqual([ledger.recordCount, ledger.recordBytes], [2500, 25_000]);
  assert.equal(ledger.positionBefore(1500), 10_000);
  assert.equal(ledger.secondSegmentSequence, 1000);
  assert.equal(ledger.settle(2001), 20_000);
  assert.deepEqual([ledger.recordCount, ledger.recordBytes], [999, 9990]);
  assert.equal(ledger.segmentCountUpTo(4), 3);
  assert.equal(ledger.settle(9999), undefined);
  assert.deepEqual([ledger.firstSequence, ledger.recordBytes], [3000, 0]);
});

test("bounds the bytes of its byte count's error by one step", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 900 }), fc.nat(900), (sizes, settled) => {
      const ledger = new SegmentLedger(0);
      for (const [index, size] of sizes.entries()) ledger.addRecord(0, index, index + 1, size);
      ledger.settle(settled);
      const exact = sizes.slice(settled).reduce((sum, size) => sum + size, 0);
      assert.ok(Math.abs(ledger.recordBytes - exact) <= 256 * 1000);
      if (settled % 256 === 0) assert.equal(ledger.recordBytes, exact);
    }),
  );
});

test("keeps the newest records in memory within its bound", () => {
  const tail = new RecordTail(10 * (100 + 160), 0);
  for (let sequence = 0; sequence < 5000; sequence++) {
    tail.push(sequence, sequence % 7, Buffer.alloc(100, sequence));
  }
  assert.equal(tail.firstSequence, 4990);
  assert.equal(tail.get(4989), undefined);
  assert.equal(tail.get(4990)?.sequence, 4990);
  assert.equal(tail.get(4999)?.slot, 4999 % 7);
  tail.dropBefore(6000);
  assert.equal(tail.firstSequence, 5000);
  assert.equal(tail.get(5000), undefined);
});

test("derives segments from the bytes allowed, and keeps them within", () => {
  for (const maxBytes of [64 * 2 ** 20, 100_000_000, 2 ** 30, 50 * 2 ** 30]) {
    const settings = resolveSpoolOptions({ directory: "spool", maxBytes });
    assert.ok((settings.maxSegmentCount + 3) * settings.segmentBytes <= maxBytes);
    assert.ok(settings.maxSegmentCount >= 3);
    assert.ok(settings.segmentBytes % 4096 === 0);
  }
});

test("refuses options out of range", () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ maxBytes: 1_000_000 }, /`maxBytes` is 1000000; it must be a whole number from \d+/],
    [{}, /`maxBytes` is undefined/],
    [{ maxBytes: 2 ** 30, directory: "" }, /`directory`/],
    [{ maxBytes: 2 ** 30, whenFull: "wait" }, /"block", "refuse" or "dropOldest"/],
    [{ maxBytes: 2 ** 30, maxbytes: 1 }, /Unknown spool option `maxbytes`/],
    [{ maxBytes: 2 ** 30, onDropped: 1 }, /`onDropped` must be a function/],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => resolveSpoolOptions({ directory: "spool", ...options } as never),
      (error) =>
        error instanceof ZerobusError &&
        error.code === "invalid_argument" &&
        message.test(error.message),
    );
  }
});

test("says what to install when the log package is missing", async () => {
  const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  await assert.rejects(
    loadLogPackage(() => Promise.reject(missing)),
    (error) => error instanceof ZerobusError && /npm install @sluice\/log@\d/.test(error.message),
  );
  assert.equal(typeof (await loadLogPackage()).openLog, "function");
});

test("never opens again once it has left the state open", () => {
  for (const [state, row] of Object.entries(SPOOL_TRANSITIONS)) {
    for (const next of Object.values(row)) assert.notEqual(next, "open", state);
    assert.equal(row.release, "closed");
  }
});
