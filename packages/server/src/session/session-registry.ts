// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { EPHEMERAL_STREAM_PATH, GRPC_STATUS } from "@sluice/protocol";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Clock } from "../clock.ts";
import { ServerError } from "../errors.ts";
import type { ServerFaults } from "../faults/server-faults.ts";
import { GrpcCall } from "../grpc/grpc-call.ts";
import type { Journal } from "../journal/journal.ts";
import type { Pressure } from "../pressure.ts";
import { IngestSession } from "./ingest-session.ts";
import { SliceQueue } from "./slice-queue.ts";
import type { StreamOpener } from "./stream-opener.ts";
import { TurnBudget } from "./turn-budget.ts";

export interface SessionRegistryOptions {
  readonly authenticator: Authenticator;
  readonly opener: StreamOpener;
  readonly journal: Journal;
  readonly pressure: Pressure;
  readonly clock: Clock;
  readonly maxStreamCount: number;
  /** What stands between sessions and their calls, to test clients. */
  readonly faults: ServerFaults | undefined;
}

/** How long a client may take to send `create_stream`. */
const CREATE_TIMEOUT_MS = 30_000;

/** How often streams without an ack get their last one again: half of the shortest timeout that clients are given. */
const BEAT_INTERVAL_MS = 500;

/**
 * Memory that messages which have begun and not ended may take over all streams. Beyond it the streams with the largest
 * are ended, since each client alone keeps to the limits.
 */
const MAX_PENDING_MESSAGE_BYTES = 256 * 1024 * 1024;

/** After the drain's deadline: how long ended streams may take to get their last acks and trailers out. */
const FINAL_GRACE_MS = 2_000;

/** All ingest streams of the server. */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  readonly #sessions = new Set<IngestSession>();
  readonly #turn = new TurnBudget();
  readonly #slices = new SliceQueue(this.#turn);
  #isDraining = false;
  #onEmpty: (() => void) | undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
  }

  get streamCount(): number {
    return this.#sessions.size;
  }

  /** Begins a stream, or refuses the call. */
  accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const path = String(headers[":path"]);
    if (path !== EPHEMERAL_STREAM_PATH) {
      const message = `no method ${path}; this server offers ${EPHEMERAL_STREAM_PATH}`;
      GrpcCall.reject(stream, GRPC_STATUS.UNIMPLEMENTED, message);
      return;
    }
    if (this.#isDraining) {
      GrpcCall.reject(stream, GRPC_STATUS.UNAVAILABLE, "the server is shutting down; reconnect");
      return;
    }
    const { maxStreamCount } = this.#options;
    if (this.#sessions.size >= maxStreamCount) {
      const message = `the server has ${maxStreamCount} open streams, its limit; close some or raise maxStreamCount`;
      GrpcCall.reject(stream, GRPC_STATUS.UNAVAILABLE, message);
      return;
    }
    this.#begin(stream, headers["authorization"]);
  }

  /** Ends all streams because the log takes nothing more. */
  failAll(reason: Error): void {
    for (const session of this.#sessions) session.onLogFailure(reason);
  }

  /**
   * Ends all streams: each gets the close signal, and those that have not ended by themselves after `timeoutMs` are
   * ended. Resolves when none is left.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#sessions.size === 0) return;
    const { clock } = this.#options;
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of this.#sessions) session.drain(timeoutMs);
    const cancelExpiry = clock.schedule(() => {
      for (const session of this.#sessions) session.expireDrain();
    }, timeoutMs);
    const cancelGrace = clock.schedule(() => this.#onEmpty?.(), timeoutMs + FINAL_GRACE_MS);
    if (this.#sessions.size > 0) await emptied;
    cancelExpiry();
    cancelGrace();
  }

  #begin(stream: ServerHttp2Stream, authorization: string | undefined): void {
    const { authenticator, opener, journal, pressure, clock, faults } = this.#options;
    const call = new GrpcCall(stream);
    const streamId = randomUUID();
    let cancelTimeout: () => void = () => undefined;
    const session = new IngestSession(
      {
        streamId,
        call: faults === undefined ? call : faults.wrapCall(call),
        journal,
        opener,
        pressure,
        turn: this.#turn,
        slices: this.#slices,
        onEnded: (ended) => {
          cancelTimeout();
          this.#sessions.delete(ended);
          if (this.#sessions.size > 0) return;
          this.#cancelBeat?.();
          this.#cancelBeat = undefined;
          this.#onEmpty?.();
        },
      },
      authenticator.authenticate(authorization),
    );
    this.#sessions.add(session);
    this.#cancelBeat ??= clock.schedule(this.#beat, BEAT_INTERVAL_MS);
    cancelTimeout = clock.schedule(() => {
      if (session.state !== "awaitingCreate") return;
      const message = `no create_stream message came within ${CREATE_TIMEOUT_MS} ms`;
      session.refuse(new ServerError("deadline_exceeded", message));
    }, CREATE_TIMEOUT_MS);
    session.start();
  }

  readonly #beat = (): void => {
    this.#cancelBeat = this.#options.clock.schedule(this.#beat, BEAT_INTERVAL_MS);
    let pendingBytes = 0;
    for (const session of this.#sessions) {
      session.beat();
      pendingBytes += session.pendingBytes;
    }
    if (pendingBytes > MAX_PENDING_MESSAGE_BYTES) this.#relieveMemory(pendingBytes);
  };

  #relieveMemory(pendingBytes: number): void {
    const largestFirst = [...this.#sessions].sort(
      (left, right) => right.pendingBytes - left.pendingBytes,
    );
    let rest = pendingBytes;
    for (const session of largestFirst) {
      if (rest <= MAX_PENDING_MESSAGE_BYTES / 2) return;
      rest -= session.pendingBytes;
      const message = `unfinished messages of all streams take ${pendingBytes} bytes, the limit is ${MAX_PENDING_MESSAGE_BYTES}; send smaller messages`;
      session.refuse(new ServerError("unavailable", message, { streamId: session.streamId }));
    }
  }
}
