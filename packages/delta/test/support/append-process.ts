// SPDX-License-Identifier: Apache-2.0
// A process of its own that appends to a table: `append-process.js <location> <name> <count>`. Each append is made twice
// with the same txn, as after a lost answer.
import { openTable } from "../../src/table/delta-table.ts";
import { syntheticFile } from "./table-files.ts";

const [location = "", name = "", count = "0"] = process.argv.slice(2);
const table = await openTable(location);
let committedCount = 0;
let repeatedCount = 0;
for (let version = 1; version <= Number(count); version += 1) {
  for (const attempt of ["first", "second"]) {
    const result = await table.append({
      files: [syntheticFile(`${name}-${version}-${attempt}`)],
      txn: { appId: name, version },
    });
    if (result.kind === "committed") committedCount += 1;
    else if (result.kind === "alreadyCommitted") repeatedCount += 1;
  }
}
process.stdout.write(JSON.stringify({ committedCount, repeatedCount }));
