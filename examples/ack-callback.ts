// SPDX-License-Identifier: Apache-2.0
// Callback: records go out without waiting, and the source is told how far it is durable. For queues and logs that are read
// again from their last committed position.
//   $ npx sluice dev --table main.demo.readings='id BIGINT NOT NULL, name STRING'
//   $ node examples/dist/ack-callback.js      # in a terminal with the variables that the server prints
import { Producer } from "@sluice/client";
import { serviceFromEnvironment } from "./service-from-environment.ts";

const RECORD_COUNT = 10_000;
const WRONG_ID = 4_321;

/** The next position to read. Everything in front of it is durable, or was refused and reported. */
let committedPosition = 0;
let refusedCount = 0;

const producer = await Producer.open({
  ...serviceFromEnvironment(),
  onInvalidRecord: "skip",
  onAck: (offset) => {
    // Cumulative, and called once per acknowledgement of the server, not per record. Of one lane, offsets count as the source
    // does: a program that starts again keeps the position it started from.
    committedPosition = Number(offset) + 1;
  },
  onError: (error, invalid) => {
    if (invalid === undefined) {
      process.stderr.write(`a lane has failed for good: ${error.code}: ${error.message}\n`);
      return;
    }
    refusedCount++;
    const text = Buffer.from(invalid.record).toString();
    process.stderr.write(`position ${invalid.offset} was refused: ${error.message} ${text}\n`);
  },
});

for (let id = 0; id < RECORD_COUNT; id++) {
  // The await is back-pressure: it resolves at once while there is room for what is not acknowledged.
  await producer.submit(id === WRONG_ID ? { name: "no id" } : { id, name: `reading ${id}` });
}

const left = await producer.close();
const kept = committedPosition - refusedCount;
process.stdout.write(`${kept} records are durable, ${refusedCount} refused, ${left.length} left\n`);
process.exitCode = left.length === 0 ? 0 : 1;
