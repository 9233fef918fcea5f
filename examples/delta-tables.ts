// SPDX-License-Identifier: Apache-2.0
// Delta tables without a server: make one, write rows, read them by a condition, change it, compact it, look back.
// Run with a directory, or a place in an object store: node examples/dist/delta-tables.js ./data/readings
import { argv, stdout } from "node:process";
import { createTable, parseColumnList } from "@sluice/delta";

const [, , location = "data/readings"] = argv;

const table = await createTable({
  location,
  schema: parseColumnList("day DATE, device STRING NOT NULL, at TIMESTAMP, celsius DOUBLE"),
  partitionBy: ["day"],
  constraints: { plausible: "celsius BETWEEN -90 AND 60" },
});

const firstDayMs = Date.UTC(2026, 0, 1);
for (let day = 0; day < 3; day += 1) {
  const midnightMs = firstDayMs + day * 86_400_000;
  const rows = Array.from({ length: 1440 }, (_, minute) => ({
    day: new Date(midnightMs),
    device: `sensor-${minute % 10}`,
    at: new Date(midnightMs + minute * 60_000),
    celsius: 20 + 5 * Math.sin(minute / 200) + day,
  }));
  // The same txn again would add nothing, so a load that is repeated after a crash makes no duplicates.
  await table.appendRows(rows, { txn: { appId: "example-load", version: day } });
}

let warm = 0;
const where = "day = DATE '2026-01-02' AND celsius > 25";
for await (const { celsius } of table.scan({ columns: ["celsius"], where })) {
  if (typeof celsius === "number") warm += 1;
}
stdout.write(`${await table.countRows()} rows, ${warm} of them warm on the second day\n`);

await table.alter({
  kind: "addColumns",
  columns: parseColumnList("humidity DOUBLE").fields.map((field) => ({ field })),
});
await table.appendRows([
  { day: new Date(firstDayMs), device: "sensor-1", celsius: 21, humidity: 0.4 },
]);
const { removedFileCount, addedFileCount } = await table.optimize();
stdout.write(`compacted ${removedFileCount} files into ${addedFileCount}\n`);

for await (const { version, operation } of table.history()) {
  stdout.write(`version ${version}: ${operation}\n`);
}
