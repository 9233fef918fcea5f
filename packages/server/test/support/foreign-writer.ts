// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createTable,
  openTable,
  parseSchemaString,
  printSchemaString,
  type Row,
  type StructType,
} from "@sluice/delta";
import { makeDirectory } from "./test-server.ts";

interface MetaData {
  readonly id: string;
  readonly schemaString: string;
  readonly configuration: Readonly<Record<string, string>>;
}

/** What another engine changes of a table, such as its schema or properties. */
export type TableEdit = (metaData: MetaData, schema: StructType) => Partial<MetaData>;

/** Commits a change of a table's metadata the way another engine does, without the code under test. */
export async function changeTable(location: string, edit: TableEdit): Promise<void> {
  const log = join(location, "_delta_log");
  for (;;) {
    const commits = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name)).sort();
    let metaData: MetaData | undefined;
    for (const name of commits) {
      for (const line of (await readFile(join(log, name), "utf8")).trim().split("\n")) {
        metaData = (JSON.parse(line) as { metaData?: MetaData }).metaData ?? metaData;
      }
    }
    if (metaData === undefined) throw new Error(`no metaData in ${log}`);
    const edited = { ...metaData, ...edit(metaData, parseSchemaString(metaData.schemaString)) };
    const lines = [{ commitInfo: { operation: "CHANGE", timestamp: 0 } }, { metaData: edited }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const name = `${String(commits.length).padStart(20, "0")}.json`;
    try {
      await writeFile(join(log, name), text, { flag: "wx" });
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
  }
}

/** Replaces the schema of a table. */
export function changeSchema(
  location: string,
  edit: (schema: StructType) => StructType,
): Promise<void> {
  return changeTable(location, (_, schema) => ({ schemaString: printSchemaString(edit(schema)) }));
}

/** The rows of the files in which a table's rejected rows are kept, in the order of the files' names. */
export async function rejectedRows(location: string, schema: StructType): Promise<Row[]> {
  const directory = join(location, "_zerobus/table_rejected_parquets");
  const names = (await readdir(directory)).sort();
  const copy = await makeDirectory();
  await createTable({ location: copy, schema });
  const log = join(copy, "_delta_log");
  for (const [index, name] of names.entries()) {
    const bytes = await readFile(join(directory, name));
    const path = `${index}.parquet`;
    await writeFile(join(copy, path), bytes);
    const facts = { size: bytes.length, modificationTime: 0, dataChange: true };
    const add = { path, partitionValues: {}, ...facts };
    const commit = `${String(index + 1).padStart(20, "0")}.json`;
    await writeFile(join(log, commit), JSON.stringify({ add }));
  }
  const rows: Row[] = [];
  for await (const row of (await openTable(copy)).scan()) rows.push(row);
  return rows;
}
