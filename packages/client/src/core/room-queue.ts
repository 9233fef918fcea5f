// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "./fifo.ts";
import type { RecordPayload } from "./record-payload.ts";
import { ZerobusError } from "./zerobus-error.ts";

/** Calls that may wait for room. */
const MAX_WAITING_CALLS = 1_000_000;

/** One ingest call: a record, or two or more as a batch. */
export type Submission = RecordPayload | readonly RecordPayload[];

interface WaitingCall {
  readonly submission: Submission;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: ZerobusError) => void;
}

/** Ingest calls that wait for room, first come, first served: room is handed over, never raced for. */
export class RoomQueue {
  readonly #calls = new Fifo<WaitingCall>();

  get count(): number {
    return this.#calls.length;
  }

  /** @throws ZerobusError `resource_exhausted` when too many calls wait, `closed` or the failure of the stream */
  wait(submission: Submission): Promise<number> {
    if (this.#calls.length >= MAX_WAITING_CALLS) {
      return Promise.reject(
        new ZerobusError(
          "resource_exhausted",
          `${MAX_WAITING_CALLS} ingest calls wait for room already; await some before making more`,
        ),
      );
    }
    return new Promise<number>((resolve, reject) => {
      this.#calls.push({ submission, resolve, reject });
    });
  }

  /** Lets calls in while `hasRoom` says so; `take` returns the offset a submission got. */
  admit(hasRoom: () => boolean, take: (submission: Submission) => number): void {
    while (this.#calls.length > 0 && hasRoom()) {
      const call = this.#calls.shift() as WaitingCall;
      call.resolve(take(call.submission));
    }
  }

  rejectAll(error: ZerobusError): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      call.reject(error);
    }
  }
}
