// SPDX-License-Identifier: Apache-2.0
// Flush: a piece of work is sent as fast as it goes, and is done when the flush says that all of it is durable. For jobs, files
// and micro-batches.
//   $ npx sluice dev --table main.demo.readings='id BIGINT NOT NULL, name STRING'
//   $ node examples/dist/ack-flush.js      # in a terminal with the variables that the server prints
import { Producer, ZerobusError } from "@sluice/client";
import { serviceFromEnvironment } from "./service-from-environment.ts";

const PIECE_COUNT = 5;
const RECORDS_PER_PIECE = 2_000;

const producer = await Producer.open(serviceFromEnvironment());

let donePieceCount = 0;
for (let piece = 0; piece < PIECE_COUNT; piece++) {
  for (let index = 0; index < RECORDS_PER_PIECE; index++) {
    const id = piece * RECORDS_PER_PIECE + index;
    await producer.submit({ id, name: `piece ${piece}` });
  }
  try {
    await producer.flush({ deadlineMs: 60_000 });
  } catch (error) {
    // A record of the piece was refused, or the service was away for longer than the deadline. The records that are only
    // late are still on their way; another flush would wait for them.
    if (!(error instanceof ZerobusError)) throw error;
    process.stderr.write(`piece ${piece} is not done: ${error.code}: ${error.message}\n`);
    break;
  }
  donePieceCount++; // here a job would note that the piece is done
}

const left = await producer.close();
process.stdout.write(
  `${donePieceCount} of ${PIECE_COUNT} pieces are durable, ${left.length} left\n`,
);
process.exitCode = donePieceCount === PIECE_COUNT && left.length === 0 ? 0 : 1;
