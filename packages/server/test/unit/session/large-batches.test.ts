// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, columnSpecsOf, parseColumnList } from "@sluice/delta";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { ServerError } from "../../../src/errors.ts";
import type { Call, CallHandler } from "../../../src/grpc/grpc-call.ts";
import { compileDecoder, recordRulesOf } from "../../../src/ingest/compile-decoder.ts";
import type { LiveTable } from "../../../src/ingest/live-table.ts";
import type { TableWriter } from "../../../src/ingest/table-writer.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { IngestSession } from "../../../src/session/ingest-session.ts";
import { SliceQueue } from "../../../src/session/slice-queue.ts";
import type { StreamOpener } from "../../../src/session/stream-opener.ts";
import type { TurnBudget } from "../../../src/session/turn-budget.ts";
import { batchFrame, recordFrame } from "../../support/raw-stream.ts";

const SCHEMA = parseColumnList("id BIGINT NOT NULL, note STRING");
const NOTE = "x".repeat(180);
/** Two MiB. */
const RECORD_COUNT = 10_000;

function recordsOf(
  count: number,
  fault?: { readonly index: number; readonly text: string },
): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(index === fault?.index ? fault.text : `{"id":${index},"note":"${NOTE}"}`),
  );
}

/** One table and its streams, without a network or disk; turns of the event loop are made by hand. */
class Bench {
  readonly appendedBytes: number[] = [];
  readonly largeRows: number[] = [];
  readonly builder = new BlockBuilder(columnSpecsOf(SCHEMA));
  readonly plan = compileDecoder(recordRulesOf(SCHEMA, "t"), "json", new Uint8Array(0), "t", {});
  journalFailure: Error | undefined;
  tableFailure: ServerError | undefined;
  #waiting: (() => void)[] = [];
  readonly turn = {
    isSaturated: false,
    spend: (): void => undefined,
    whenRelieved: (callback: () => void): void => {
      this.#waiting.push(callback);
    },
  } as unknown as TurnBudget;
  readonly slices = new SliceQueue(this.turn);
  readonly journal = this.#makeJournal();
  readonly opener = this.#makeOpener();

  /** Makes one turn; returns whether anything waited for it. */
  step(): boolean {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
    return waiting.length > 0;
  }

  /** Makes turns until nothing waits, and returns how many. */
  finish(): number {
    let count = 0;
    while (this.step()) count++;
    return count;
  }

  async open(): Promise<TestStream> {
    const stream = new TestStream(this);
    await stream.create();
    return stream;
  }

  #makeJournal(): Journal {
    const { appendedBytes } = this;
    const failure = (): Error | undefined => this.journalFailure;
    return {
      get failure() {
        return failure();
      },
      isSaturated: false,
      get nextPosition() {
        return appendedBytes.length;
      },
      append: (_definition: unknown, _buffer: unknown, start: number, end: number) => {
        if (this.journalFailure !== undefined) throw this.journalFailure;
        return appendedBytes.push(end - start);
      },
      listen: () => undefined,
    } as unknown as Journal;
  }

  #makeOpener(): StreamOpener {
    const tableFailure = (): ServerError | undefined => this.tableFailure;
    const writer = {
      tableName: "t",
      builder: this.builder,
      maxBatchRecords: 50_000,
      checks: undefined,
      isSaturated: false,
      get retirement() {
        return tableFailure() === undefined ? undefined : "abandoned";
      },
      newBuilder: () => new BlockBuilder(columnSpecsOf(SCHEMA)),
      rowsLogged: () => undefined,
      builderLogged: (own: BlockBuilder) => this.largeRows.push(own.rowCount),
    } as unknown as TableWriter;
    const path = {
      decoder: this.plan.bind(this.builder),
      bind: (own: BlockBuilder) => this.plan.bind(own),
      definition: {
        schema: { schemaId: 1, entry: Buffer.alloc(0), writtenInSegment: -1 },
        entry: Buffer.alloc(0),
        framesHeader: Buffer.alloc(0),
        writtenInSegment: -1,
      },
    };
    const target = { writer, path };
    const table = {
      isSaturated: false,
      targetFor: () => tableFailure() ?? target,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
    } as unknown as LiveTable;
    const descriptor = new Uint8Array(0);
    return {
      open: () => Promise.resolve({ table, target, format: "json" as const, descriptor }),
    } as unknown as StreamOpener;
  }
}

class TestStream {
  readonly session: IngestSession;
  readonly acks: number[] = [];
  status: { readonly code: number; readonly message: string } | undefined;
  isPaused = false;
  #handler: CallHandler | undefined;
  #created: (() => void) | undefined;

  constructor(bench: Bench) {
    const call: Call = {
      start: (handler) => {
        this.#handler = handler;
      },
      send: () => this.#created?.(),
      sendAck: (offset) => this.acks.push(offset),
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      end: (code, message) => {
        this.status = { code, message };
      },
    };
    const { journal, opener, turn, slices } = bench;
    this.session = new IngestSession(
      {
        streamId: "s",
        call,
        journal,
        opener,
        pressure: { isSaturated: false, whenRelieved: () => undefined },
        turn,
        slices,
        onEnded: () => undefined,
      },
      Promise.resolve(undefined),
    );
    this.session.start();
  }

  async create(): Promise<void> {
    const created = new Promise<void>((resolve) => {
      this.#created = resolve;
    });
    this.send(encodeCreateStreamFrame({ tableName: "a.b.c", recordType: 2 }));
    await created;
    // The session resumes in a later microtask than the one that answers.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(this.isPaused, false);
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#handler?.onData(Buffer.concat(frames));
  }

  halfClose(): void {
    this.#handler?.onHalfClose();
  }

  lose(): void {
    this.#handler?.onGone();
  }
}

function single(offset: number): Uint8Array {
  return recordFrame(offset, "json", Buffer.from(`{"id":${offset}}`));
}

describe("large batches", () => {
  it("are decoded over several turns, between the messages before and behind them", async () => {
    const bench = new Bench();
    const stream = await bench.open();
    const batch = batchFrame(1, "json", recordsOf(RECORD_COUNT));
    stream.send(single(0), batch, single(2));
    assert.ok(stream.isPaused);
    assert.equal(bench.builder.rowCount, 1, "what came before is in the table's builder");
    stream.halfClose();
    assert.ok(bench.finish() >= 4);
    assert.deepEqual(bench.largeRows, [RECORD_COUNT]);
    assert.equal(bench.builder.rowCount, 2, "what came behind as well");
    assert.deepEqual(bench.appendedBytes, [single(0).length, batch.length, single(2).length]);
    assert.equal(stream.isPaused, false);
    stream.session.onDurable(3);
    assert.deepEqual(stream.acks, [2]);
    assert.deepEqual(stream.status, { code: GRPC_STATUS.OK, message: "" });
  });

  it("leave the table to other streams meanwhile, and take their turns one after the other", async () => {
    const bench = new Bench();
    const [first, second, other] = [await bench.open(), await bench.open(), await bench.open()];
    first.send(batchFrame(0, "json", recordsOf(RECORD_COUNT)));
    second.send(batchFrame(0, "json", recordsOf(RECORD_COUNT + 1)));
    bench.step();
    other.send(single(0));
    assert.equal(bench.builder.rowCount, 1);
    assert.equal(bench.appendedBytes.length, 1);
    bench.finish();
    assert.deepEqual(bench.largeRows, [RECORD_COUNT, RECORD_COUNT + 1]);
  });

  for (const { what, text, message } of [
    { what: "a bad record", text: '{"id":"one"}', message: /record 9000 of its batch.*"id"/ },
    {
      what: "a control character",
      text: '{"id":1,"note":"\u0001"}',
      message: /record 9000 of its batch.*"note"/,
    },
  ]) {
    it(`leave nothing behind when refused for ${what} near their end`, async () => {
      const bench = new Bench();
      const stream = await bench.open();
      const records = recordsOf(RECORD_COUNT, { index: 9000, text });
      stream.send(single(0), batchFrame(1, "json", records), single(2));
      bench.finish();
      stream.session.onDurable(1);
      assert.deepEqual(stream.acks, [0]);
      assert.equal(stream.status?.code, GRPC_STATUS.INVALID_ARGUMENT);
      assert.match(stream.status.message, message);
      assert.deepEqual(bench.appendedBytes, [single(0).length]);
      assert.deepEqual(bench.largeRows, []);
      assert.equal(bench.builder.rowCount, 1);
    });
  }

  it("are refused by offset and by number of records as others are", async () => {
    const bench = new Bench();
    const stream = await bench.open();
    stream.send(batchFrame(7, "json", recordsOf(RECORD_COUNT)));
    assert.match(stream.status?.message ?? "", /expected 0, actual 7/);
    const second = await bench.open();
    second.send(
      batchFrame(
        0,
        "json",
        Array.from({ length: 600_000 }, () => Buffer.from("{}")),
      ),
    );
    bench.finish();
    assert.equal(second.status?.code, GRPC_STATUS.INVALID_ARGUMENT);
    assert.deepEqual(bench.largeRows, []);
  });

  const endings: readonly {
    readonly what: string;
    readonly end: (bench: Bench, stream: TestStream) => void;
    readonly code: number | undefined;
  }[] = [
    { what: "the stream is lost", end: (_, stream) => stream.lose(), code: GRPC_STATUS.OK },
    {
      what: "the drain has expired",
      end: (_, { session }) => {
        session.drain(100);
        session.expireDrain();
      },
      code: GRPC_STATUS.UNAVAILABLE,
    },
    {
      what: "the log has failed",
      end: (bench, { session }) => {
        bench.journalFailure = new Error("EIO");
        session.onLogFailure(bench.journalFailure);
      },
      code: GRPC_STATUS.UNAVAILABLE,
    },
    {
      what: "the log refuses them at the end",
      end: (bench) => {
        bench.journalFailure = new Error("EIO");
      },
      code: GRPC_STATUS.UNAVAILABLE,
    },
    {
      what: "the table has failed",
      end: (bench) => {
        bench.tableFailure = new ServerError("unavailable", "the table is gone");
      },
      code: GRPC_STATUS.UNAVAILABLE,
    },
  ];
  for (const { what, end, code } of endings) {
    it(`leave nothing behind when ${what}`, async () => {
      const bench = new Bench();
      const stream = await bench.open();
      stream.send(batchFrame(0, "json", recordsOf(RECORD_COUNT)));
      bench.step();
      end(bench, stream);
      bench.finish();
      assert.equal(stream.status?.code, code);
      assert.deepEqual(bench.appendedBytes, []);
      assert.deepEqual(bench.largeRows, []);
      assert.equal(bench.builder.rowCount, 0);
      assert.equal(stream.session.state, "ended");
      // The next one has its turn.
      bench.journalFailure = undefined;
      bench.tableFailure = undefined;
      const next = await bench.open();
      next.send(batchFrame(0, "json", recordsOf(RECORD_COUNT)));
      bench.finish();
      assert.deepEqual(bench.largeRows, [RECORD_COUNT]);
    });
  }

  it("go on while the server drains", async () => {
    const bench = new Bench();
    const stream = await bench.open();
    stream.send(batchFrame(0, "json", recordsOf(RECORD_COUNT)));
    bench.step();
    stream.session.drain(100);
    bench.finish();
    assert.deepEqual(bench.largeRows, [RECORD_COUNT]);
    stream.session.onDurable(1);
    assert.deepEqual(stream.acks, [0]);
  });
});
