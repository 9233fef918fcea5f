// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/**
 * - `open`: takes bytes.
 * - `finishing`: the object is being put in place.
 * - `finished`: it is in place.
 * - `failed`: a call failed; what was written is still to be removed.
 * - `aborted`: given up.
 */
export type WriterState = "open" | "finishing" | "finished" | "failed" | "aborted";

/** `settle` and `fail` are how `finish`, or a `write`, has ended; the others are calls. */
export type WriterEvent = "write" | "finish" | "settle" | "fail" | "abort";

/** The state after an event, or `refused` where the call is an error. */
export const WRITER_TRANSITIONS: Readonly<
  Record<WriterState, Readonly<Record<WriterEvent, WriterState | "refused">>>
> = {
  open: {
    write: "open",
    finish: "finishing",
    settle: "refused",
    fail: "failed",
    abort: "aborted",
  },
  finishing: {
    write: "refused",
    finish: "refused",
    settle: "finished",
    fail: "failed",
    abort: "aborted",
  },
  finished: {
    write: "refused",
    finish: "refused",
    settle: "refused",
    fail: "finished",
    abort: "finished",
  },
  failed: {
    write: "refused",
    finish: "refused",
    settle: "refused",
    fail: "failed",
    abort: "aborted",
  },
  aborted: {
    write: "refused",
    finish: "refused",
    settle: "aborted",
    fail: "aborted",
    abort: "aborted",
  },
};

/** Where an `ObjectWriter` is in its life. */
export class WriterLife {
  readonly #path: string;
  state: WriterState = "open";

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws DeltaError `invalid_argument` for a call that the state does not allow. */
  on(event: WriterEvent): void {
    const next = WRITER_TRANSITIONS[this.state][event];
    if (next === "refused") {
      throw new DeltaError(
        "invalid_argument",
        `the writer of ${JSON.stringify(this.#path)} is ${this.state}: it takes no ${event} any more`,
      );
    }
    this.state = next;
  }

  /** Runs what a call does; a failure leaves the writer to be aborted. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.on("fail");
      throw error;
    }
  }
}
