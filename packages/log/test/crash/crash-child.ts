// SPDX-License-Identifier: Apache-2.0
import { writeSync } from "node:fs";
import { openLog } from "../../src/index.ts";

/*
 * Appends numbered entries until it is killed. Reports `open <recovered>` and then
 * `<position>` for each durable position, one per line, on standard output.
 */
const [directory = "", firstNumber = "0"] = process.argv.slice(2);
const log = await openLog(directory, { segmentBytes: 256 * 1024, maxSpareSegmentCount: 2 });
writeSync(1, `open ${log.recoveredPosition}\n`);
log.onDurable((position) => {
  writeSync(1, `${position}\n`);
  void log.trim(Math.max(0, position - 2_000_000)).catch(() => undefined);
});
let number = Number(firstNumber);
const entry = Buffer.alloc(5000);
for (;;) {
  for (let count = number % 7; count >= 0; count -= 1) {
    entry.writeDoubleLE(number);
    log.append(entry, 0, 8 + (number % 4000));
    number += 1;
  }
  if (log.stagedBytes > 1_000_000) await log.sync();
  await new Promise((resolve) => setImmediate(resolve));
}
