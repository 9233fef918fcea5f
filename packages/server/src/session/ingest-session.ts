// SPDX-License-Identifier: Apache-2.0
import {
  encodeCloseStreamSignalFrame,
  encodeCreateStreamResponseFrame,
  ERROR_CODES,
  FrameScanner,
  GRPC_STATUS,
  IngestReader,
  MAX_MESSAGE_BYTES,
  readCreateStream,
} from "@sluice/protocol";
import type { TokenClaims } from "../auth/token-issuer.ts";
import { ServerError } from "../errors.ts";
import type { Call } from "../grpc/grpc-call.ts";
import type { LargeBatch } from "../ingest/large-batch.ts";
import { RecordIntake } from "../ingest/record-intake.ts";
import type { Journal } from "../journal/journal.ts";
import type { Pressure } from "../pressure.ts";
import { AckQueue } from "./ack-queue.ts";
import { frameFault } from "./frame-fault.ts";
import {
  badFirstMessage,
  failedLog,
  overtakenBatch,
  shuttingDown,
  untakenRecords,
} from "./session-faults.ts";
import {
  SESSION_TRANSITIONS,
  type SessionEvent,
  type SessionState,
  takesRecords,
} from "./session-state.ts";
import type { SliceQueue } from "./slice-queue.ts";
import type { OpenedStream, StreamOpener } from "./stream-opener.ts";
import type { TurnBudget } from "./turn-budget.ts";

export interface IngestSessionOptions {
  readonly streamId: string;
  readonly call: Call;
  readonly journal: Journal;
  readonly opener: StreamOpener;
  /** Whether the encoders or another shared stage is behind, and how to wait for it. */
  readonly pressure: Pressure;
  /** What all streams share of a turn of the event loop. */
  readonly turn: TurnBudget;
  /** Where large batches wait for their slices of the turns. */
  readonly slices: SliceQueue;
  /** Called once, when nothing of the session is left to do. */
  readonly onEnded: (session: IngestSession) => void;
}

/** What is decoded of a large batch in one turn: a few milliseconds of work. */
const BYTES_PER_SLICE = 512 * 1024;

/**
 * One ingest stream: reads messages off the call, hands records to the intake, and sends an ack for what the log has
 * made durable. All its work is done in call-backs that run to their end; what takes longer is opening the stream and
 * decoding a large batch, during which nothing is read.
 */
export class IngestSession {
  readonly streamId: string;
  readonly #options: IngestSessionOptions;
  readonly #scanner: FrameScanner = new FrameScanner(MAX_MESSAGE_BYTES);
  readonly #message: IngestReader = new IngestReader();
  readonly #acks: AckQueue = new AckQueue();
  #state: SessionState = "awaitingCreate";
  #claims: Promise<TokenClaims | undefined>;
  #opened: OpenedStream | undefined;
  #intake: RecordIntake | undefined;
  /** The batch that is being decoded in slices; the call is paused meanwhile. */
  #large: LargeBatch | undefined;
  #fault: ServerError | undefined;
  #isPaused = false;
  #halfClosedWhilePaused = false;
  /** Highest log position that the journal will tell of. */
  #awaitedPosition = -1;
  #lastAck = -1;
  #isAckFresh = false;

  constructor(options: IngestSessionOptions, claims: Promise<TokenClaims | undefined>) {
    this.streamId = options.streamId;
    this.#options = options;
    this.#claims = claims;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Starts to read. */
  start(): void {
    this.#claims.catch((reason: unknown) =>
      this.#refuse(ServerError.from(reason, "authentication")),
    );
    this.#options.call.start({
      onData: (chunk) => {
        this.#options.turn.spend(chunk.length);
        this.#scanner.push(chunk);
        this.#read();
      },
      onHalfClose: () => this.#onHalfClose(),
      onGone: () => this.#advance("gone"),
    });
  }

  /** Asks the client to move to another stream within `durationMs`; acks go on. */
  drain(durationMs: number): void {
    const wasOpen = this.#state === "open";
    if (!wasOpen) this.#fault ??= shuttingDown();
    this.#advance("drainRequested");
    if (wasOpen) this.#options.call.send(encodeCloseStreamSignalFrame(durationMs));
  }

  /** Ends a stream that did not end itself after {@link IngestSession.drain}. */
  expireDrain(): void {
    this.#fault ??= shuttingDown();
    this.#advance("drainExpired");
  }

  /** Ends the stream with an error, once what it has sent is durable. */
  refuse(error: ServerError): void {
    this.#refuse(error);
  }

  onDurable(durablePosition: number): void {
    const offset = this.#acks.takeDurable(durablePosition);
    if (offset >= 0) {
      this.#lastAck = offset;
      this.#isAckFresh = true;
      this.#options.call.sendAck(offset);
    }
    this.#settleIfEmpty();
  }

  /**
   * Sends the last ack again if there was none since the last beat and records wait for one. Clients give a stream up
   * when they hear nothing for as long as their `serverLackOfAckTimeoutMs`, and send everything again.
   */
  beat(): void {
    if (!this.#isAckFresh && this.#lastAck >= 0 && !this.#acks.isEmpty) {
      this.#options.call.sendAck(this.#lastAck);
    }
    this.#isAckFresh = false;
  }

  /** Bytes of a message that has begun and not ended, or is being decoded. */
  get pendingBytes(): number {
    return this.#scanner.pendingBytes + (this.#large?.byteLength ?? 0);
  }

  onLogFailure(reason: Error): void {
    this.#fault = failedLog(this.streamId, reason);
    this.#advance("logFailed");
  }

  #read(): void {
    if (this.#isPaused) return;
    try {
      this.#readMessages();
    } catch (reason) {
      this.#onBroken(reason);
      return;
    }
    this.#flush();
    if (this.#large !== undefined) return;
    if (this.#intake !== undefined) this.#scanner.release();
    this.#pauseUnderPressure();
  }

  #readMessages(): void {
    for (;;) {
      if (this.#state === "creating") {
        this.#pause();
        return;
      }
      if (this.#state !== "awaitingCreate" && !takesRecords(this.#state)) break;
      if (this.#intake?.isStale === true && !this.#followTable(this.#intake)) break;
      const fault = this.#intake?.takeRecords(this.#scanner);
      if (fault !== undefined) {
        this.#refuse(fault);
        break;
      }
      const event = this.#scanner.next();
      if (event === "needMore") break;
      if (event === "message") this.#onMessage();
      else this.#refuse(frameFault(event, this.#scanner, this.#intake?.nextOffset));
      if (this.#large !== undefined) return;
    }
  }

  #onMessage(): void {
    const { buffer, start, end } = this.#scanner;
    if (!this.#message.read(buffer, start, end)) {
      const place =
        this.#intake === undefined ? "the first message" : `offset ${this.#intake.nextOffset}`;
      this.#refuse(
        new ServerError("invalid_argument", `${place}: not a valid EphemeralStreamRequest`),
      );
      return;
    }
    if (this.#intake === undefined) {
      this.#onFirstMessage();
      return;
    }
    if (this.#intake.isLarge(this.#message)) {
      this.#beginLarge(this.#intake);
      return;
    }
    const fault = this.#intake.take(this.#scanner, this.#message);
    if (fault !== undefined) this.#refuse(fault);
  }

  #beginLarge(intake: RecordIntake): void {
    this.#flush();
    if (!takesRecords(this.#state)) return;
    const large = intake.beginLarge(this.#scanner, this.#message);
    if (large instanceof ServerError) {
      this.#refuse(large);
      return;
    }
    this.#large = large;
    this.#pause();
    this.#options.slices.add(() => this.#resumeLarge(intake, large));
  }

  /** Goes on with the batch, and with the stream when it is done; drops it where the stream takes no more records. */
  #resumeLarge(intake: RecordIntake, large: LargeBatch): "more" | "done" {
    let outcome: ReturnType<LargeBatch["resume"]> = "done";
    if (takesRecords(this.#state)) {
      this.#options.turn.spend(BYTES_PER_SLICE);
      outcome = intake.isAbandoned ? overtakenBatch(this.streamId) : large.resume(BYTES_PER_SLICE);
      if (outcome === "more") return "more";
      if (outcome !== "done") this.#refuse(outcome);
      else this.#finishLarge(intake, large);
    }
    this.#large = undefined;
    this.#resume();
    return "done";
  }

  /**
   * Goes on with what the table's rows are made with now.
   * @returns false where the stream has to wait for it, or to end.
   */
  #followTable(intake: RecordIntake): boolean {
    const { table, format, descriptor } = this.#opened as OpenedStream;
    const target = table.targetFor(format, descriptor);
    if (target === "wait") this.#pauseFor(table);
    else if (target instanceof ServerError) this.#refuse(target);
    else intake.move(target);
    return !intake.isStale;
  }

  #finishLarge(intake: RecordIntake, large: LargeBatch): void {
    try {
      intake.finishLarge(large);
    } catch (reason) {
      this.#onBroken(reason);
      return;
    }
    this.#awaitAcks();
  }

  #onFirstMessage(): void {
    const message = this.#message;
    const isCreate = message.kind === "createStream";
    const request = isCreate
      ? readCreateStream(message.buffer, message.start, message.end)
      : undefined;
    if (request === undefined) {
      this.#refuse(badFirstMessage(isCreate));
      return;
    }
    this.#advance("createReceived");
    void this.#claims
      .then((claims) => this.#options.opener.open(request, claims))
      .then((opened) => {
        this.#opened = opened;
        this.#intake = new RecordIntake(opened, this.#options.journal, this.#acks);
        this.#advance("createAccepted");
        if (!takesRecords(this.#state)) return;
        opened.table.subscribe(this);
        this.#options.call.send(encodeCreateStreamResponseFrame(this.streamId));
      })
      .catch((reason: unknown) => this.#refuse(ServerError.from(reason, "create_stream")))
      .finally(() => this.#resume());
  }

  #onHalfClose(): void {
    if (this.#isPaused) {
      this.#halfClosedWhilePaused = true;
      return;
    }
    if (this.#scanner.pendingBytes > 0 && this.#state !== "refusing") {
      const { pendingBytes } = this.#scanner;
      const text = `the stream ended inside of a message, ${pendingBytes} bytes into it`;
      this.#refuse(new ServerError("invalid_argument", text));
      return;
    }
    this.#advance("halfClosed");
    this.#settleIfEmpty();
  }

  /** Appends what was taken to the log. */
  #flush(): void {
    try {
      const fault = this.#intake?.flush();
      if (fault !== undefined) this.#refuse(fault);
    } catch (reason) {
      this.#onBroken(reason);
      return;
    }
    this.#awaitAcks();
  }

  /** Has the journal tell when what was appended since the last call is durable. */
  #awaitAcks(): void {
    const position = this.#acks.lastPosition;
    if (position <= this.#awaitedPosition) return;
    this.#awaitedPosition = position;
    this.#options.journal.listen(this, position);
  }

  /** Something threw: the log, which has failed then or takes no more just now, or memory ran out. This stream ends. */
  #onBroken(reason: unknown): void {
    const { failure } = this.#options.journal;
    if (failure !== undefined) {
      this.onLogFailure(failure);
      return;
    }
    this.#fault ??= untakenRecords(this.streamId, reason);
    this.#awaitAcks();
    this.#advance("fault");
    this.#settleIfEmpty();
  }

  #pauseUnderPressure(): void {
    const { journal, pressure, turn } = this.#options;
    const stages: Pressure[] = [journal, pressure, turn];
    if (this.#opened !== undefined) stages.push(this.#opened.table);
    const saturated = stages.find((stage) => stage.isSaturated);
    if (saturated === undefined || !takesRecords(this.#state)) return;
    this.#pauseFor(saturated);
  }

  #pauseFor(stage: Pressure): void {
    this.#pause();
    stage.whenRelieved(() => this.#resume());
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#options.call.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.call.resume();
    this.#read();
    if (this.#isPaused || !this.#halfClosedWhilePaused) return;
    this.#halfClosedWhilePaused = false;
    this.#onHalfClose();
  }

  #refuse(error: ServerError): void {
    if (this.#state === "refusing" || this.#state === "ended") return;
    // What came before may turn out to be at fault; that is told first.
    this.#flush();
    this.#fault ??= error;
    this.#advance("fault");
    this.#settleIfEmpty();
  }

  #settleIfEmpty(): void {
    if (this.#acks.isEmpty) this.#advance("settled");
  }

  #advance(event: SessionEvent): void {
    const before = this.#state;
    this.#state = SESSION_TRANSITIONS[before][event];
    if (this.#state === before) return;
    if (this.#state === "refusing" && this.#acks.isEmpty) {
      this.#advance("settled");
    } else if (this.#state === "ended") {
      this.#end();
    }
  }

  #end(): void {
    const { call, onEnded } = this.#options;
    this.#opened?.table.unsubscribe(this);
    if (this.#fault === undefined) call.end(GRPC_STATUS.OK, "");
    else call.end(ERROR_CODES[this.#fault.code].grpcStatus, this.#fault.message);
    onEnded(this);
  }
}
