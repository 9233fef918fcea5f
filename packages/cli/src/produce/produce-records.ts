// SPDX-License-Identifier: Apache-2.0
import type { ZerobusStream } from "@sluice/client";
import type { RecordReader } from "../source/read-records.ts";
import type { AckTracker } from "./ack-tracker.ts";

export interface ProduceRun {
  /** Its own signal ends the reading; what was read is still sent and awaited. */
  readonly reader: RecordReader;
  readonly stream: ZerobusStream;
  readonly acks: AckTracker;
  /** Ends the waiting. */
  readonly giveUp: AbortSignal;
}

/** How a run ended, apart from what the tracker counted. */
export interface ProduceOutcome {
  readonly error: unknown;
}

/**
 * Sends everything the reader finds and waits until it is acknowledged. The stream's own bounds hold the reader back.
 * @returns the first failure, or `undefined` in its place; what was sent before it is flushed where it can be.
 */
export async function produceRecords(run: ProduceRun): Promise<ProduceOutcome> {
  const { stream, giveUp } = run;
  const givenUp = new Promise<"givenUp">((resolve) => {
    giveUp.addEventListener("abort", () => resolve("givenUp"), { once: true });
  });
  let error: unknown;
  const sending = sendAll(run);
  // Whoever gives up no longer listens.
  sending.catch(() => undefined);
  try {
    if ((await Promise.race([sending, givenUp])) === "givenUp") return { error: undefined };
  } catch (reason) {
    error = reason;
  }
  // Also after an input error: what was read before it is to be in the table.
  const closing = stream.close();
  closing.catch(() => undefined);
  try {
    await Promise.race([closing, givenUp]);
  } catch (reason) {
    error ??= reason;
  }
  return { error };
}

async function sendAll({ reader, stream, acks, giveUp }: ProduceRun): Promise<"sent"> {
  for await (const batch of reader.batches()) {
    if (giveUp.aborted) break;
    const { records, firstLine, lastLine } = batch;
    acks.submitted({ recordCount: records.length, firstLine, lastLine }, performance.now());
    try {
      await stream.ingestRecordsOffset(records);
    } catch (reason) {
      // A stream that has failed took nothing of this batch.
      acks.withdrawLast();
      throw reason;
    }
  }
  return "sent";
}
