// SPDX-License-Identifier: Apache-2.0
import { type StoredDeadLetter, ZerobusError, type ZerobusStream } from "@sluice/client";
import { messageOf } from "../cli-error.ts";

/** Letters sent before their acks are awaited and noted. */
const WINDOW_LETTERS = 500;
const WINDOW_BYTES = 8 * 1024 * 1024;

/** A letter that was refused again. */
export interface RefusedLetter {
  readonly letter: StoredDeadLetter;
  readonly reason: string;
}

export interface ReplayRun {
  /** Letters that one stream can carry. */
  readonly letters: AsyncIterable<StoredDeadLetter>;
  readonly openStream: () => Promise<ZerobusStream>;
  /** Called with letters once they are acknowledged. */
  readonly onAcknowledged: (letters: readonly StoredDeadLetter[]) => Promise<void>;
  readonly onRefused: (refused: RefusedLetter) => void;
}

/**
 * Sends letters in order. A server acknowledges what comes before the record it refuses, so the first one without an
 * ack is the suspect: it is sent alone to be sure, and what follows goes on.
 * @throws the first failure that is not about a record; what was acknowledged before it is noted
 */
export async function replayLetters(run: ReplayRun): Promise<void> {
  const sender = new LetterSender(run);
  try {
    let window: StoredDeadLetter[] = [];
    let windowBytes = 0;
    for await (const letter of run.letters) {
      window.push(letter);
      windowBytes += letter.record.byteLength;
      if (window.length < WINDOW_LETTERS && windowBytes < WINDOW_BYTES) continue;
      await sender.send(window);
      window = [];
      windowBytes = 0;
    }
    await sender.send(window);
  } finally {
    await sender.close();
  }
}

class LetterSender {
  readonly #run: ReplayRun;
  #stream: ZerobusStream | undefined;

  constructor(run: ReplayRun) {
    this.#run = run;
  }

  async send(window: readonly StoredDeadLetter[]): Promise<void> {
    let rest: readonly StoredDeadLetter[] = window;
    let isSuspectFirst = false;
    while (rest.length > 0) {
      const sent: readonly StoredDeadLetter[] = isSuspectFirst ? rest.slice(0, 1) : rest;
      const { acknowledgedCount, error } = await this.#trySend(sent);
      const acknowledged = sent.slice(0, acknowledgedCount);
      if (acknowledged.length > 0) await this.#run.onAcknowledged(acknowledged);
      rest = rest.slice(acknowledgedCount);
      const [suspect] = rest;
      if (error === undefined || suspect === undefined) {
        isSuspectFirst = false;
        continue;
      }
      if (!isAboutRecord(error)) throw error;
      const isSure = sent.length === 1 && acknowledgedCount === 0;
      if (isSure) {
        this.#run.onRefused({ letter: suspect, reason: reasonOf(error) });
        rest = rest.slice(1);
      }
      isSuspectFirst = !isSure;
    }
  }

  async close(): Promise<void> {
    await this.#stream?.close().catch(() => undefined);
    this.#stream = undefined;
  }

  async #trySend(
    letters: readonly StoredDeadLetter[],
  ): Promise<{ acknowledgedCount: number; error: unknown }> {
    this.#stream ??= await this.#run.openStream();
    const stream = this.#stream;
    const base = stream.acknowledgedRequests;
    let error: unknown;
    try {
      for (const { format, record } of letters) {
        const payload = format === "json" ? Buffer.from(record).toString() : record;
        await stream.ingestRecordOffset(payload);
      }
      await stream.flush();
    } catch (reason) {
      error = reason;
      // What is on its way may still be acknowledged; after the end it is known.
      await this.close();
    }
    return { acknowledgedCount: stream.acknowledgedRequests - base, error };
  }
}

function isAboutRecord(error: unknown): boolean {
  if (!(error instanceof ZerobusError)) return false;
  return error.code === "invalid_argument" || error.code === "schema_mismatch";
}

function reasonOf(error: unknown): string {
  const said = error instanceof ZerobusError ? error.details.serverMessage : undefined;
  return said ?? messageOf(error);
}
