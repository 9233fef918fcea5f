// SPDX-License-Identifier: Apache-2.0
import { writeSync } from "node:fs";
import { createRandom } from "@sluice/testkit";
import { openSpool } from "../../src/spool/open-spool.ts";

/*
 * Appends records to a spool and trims it until it is killed. Says `trim N` before each trim and `durable N` after the
 * append of record N has resolved, one per line, on standard output. A record's bytes follow from its sequence.
 */
const [directory = "", seed = "0"] = process.argv.slice(2);
const random = createRandom(Number(seed));
const spool = await openSpool({
  directory,
  maxBytes: 12 * 256 * 1024,
  maxRecordBytes: 100_000,
  settledNoteIntervalMs: 1,
});
writeSync(1, `open ${spool.firstSequence} ${spool.nextSequence}\n`);
let durable = spool.nextSequence - 1;
for (;;) {
  const appends: Promise<void>[] = [];
  for (let count = Math.floor(random() * 20); count >= 0; count--) {
    const sequence = spool.nextSequence;
    const record = Buffer.alloc(8 + (sequence % 2000), sequence % 251);
    record.writeDoubleLE(sequence);
    const append = spool.append(record, sequence % 1024).then((resolved) => {
      durable = resolved;
      writeSync(1, `durable ${resolved}\n`);
    });
    appends.push(append);
  }
  if (random() < 0.7) await Promise.all(appends);
  const backlog = durable + 1 - spool.firstSequence;
  if (backlog > 50 && random() < 0.5) {
    const through = spool.firstSequence + Math.floor(random() * backlog);
    writeSync(1, `trim ${through}\n`);
    spool.trim(through);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
