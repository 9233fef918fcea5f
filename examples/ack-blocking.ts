// SPDX-License-Identifier: Apache-2.0
// Blocking: each record is durable before the next is made. For requests whose answer promises that a record is kept.
//   $ npx sluice dev --table main.demo.readings='id BIGINT NOT NULL, name STRING'
//   $ node examples/dist/ack-blocking.js      # in a terminal with the variables that the server prints
import { Producer, ZerobusError } from "@sluice/client";
import { serviceFromEnvironment } from "./service-from-environment.ts";

const producer = await Producer.open({
  ...serviceFromEnvironment(),
  onInvalidRecord: "skip", // the ticket of a refused record says why; nobody else needs to hear of it
});

/** As a handler of requests would call it, many at the same time. */
async function keep(record: { readonly id: number; readonly name: string }): Promise<boolean> {
  try {
    const ticket = await producer.submit(record);
    await ticket.ack();
    return true;
  } catch (error) {
    // Lost connections never come here: they are mended below. This record was refused, or the producer has ended.
    if (!(error instanceof ZerobusError)) throw error;
    process.stderr.write(`record ${record.id}: ${error.code}: ${error.message}\n`);
    return false;
  }
}

let keptCount = 0;
for (let id = 0; id < 100; id++) if (await keep({ id, name: `alone ${id}` })) keptCount++;
// Requests that wait at the same time share their round trips.
const together = Array.from({ length: 900 }, (_, index) => 100 + index);
const kept = await Promise.all(together.map((id) => keep({ id, name: `together ${id}` })));
keptCount += kept.filter(Boolean).length;

await producer.close();
process.stdout.write(`${keptCount} records are durable\n`);
