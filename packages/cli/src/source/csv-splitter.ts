// SPDX-License-Identifier: Apache-2.0
import type { Column } from "@sluice/client";
import { MAX_INGEST_PAYLOAD_BYTES } from "@sluice/protocol";
import { CsvError, type Info, type Parser, parse } from "csv-parse";
import { type CsvConverter, csvConverterFor } from "./csv-value.ts";
import type { RecordCollector } from "./record-collector.ts";
import type { RecordSplitter } from "./record-splitter.ts";

interface CsvColumn {
  readonly name: string;
  /** `"name":` as JSON. */
  readonly key: string;
  readonly convert: CsvConverter;
  readonly isRequired: boolean;
  /** Whether an empty field is the empty text rather than no value. */
  readonly takesEmptyText: boolean;
}

interface CsvRow {
  readonly info: Info;
  readonly record: string[];
}

/**
 * Turns the rows of a CSV file with a header into JSON records for a table's columns. Names in the header are compared
 * regardless of case; an empty field is null, except in a STRING column that is NOT NULL, where it is the empty text.
 * Behind a quote that is out of place nobody knows where the next row begins: it ends the input even where invalid
 * records are passed over.
 */
export class CsvSplitter implements RecordSplitter {
  readonly #collector: RecordCollector;
  readonly #fields: readonly Column[];
  readonly #parser: Parser;
  #columns: readonly CsvColumn[] | undefined;

  constructor(collector: RecordCollector, tableFields: readonly Column[]) {
    this.#collector = collector;
    this.#fields = tableFields;
    this.#parser = parse({
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_INGEST_PAYLOAD_BYTES,
    });
    // A failure is looked for after each write, where its place in the input is known.
    this.#parser.on("error", () => undefined);
  }

  push(chunk: Buffer): void {
    this.#parser.write(chunk);
    this.#collect();
  }

  end(): void {
    this.#parser.end();
    this.#collect();
    if (this.#columns === undefined)
      this.#collector.fail(1, "the file is empty; its first line must name the columns");
  }

  #collect(): void {
    while (this.#collector.fault === undefined) {
      const row = this.#parser.read() as CsvRow | null;
      if (row === null) break;
      const { lines } = row.info;
      if (this.#columns === undefined) this.#columns = this.#readHeader(row.record, lines);
      else this.#collectRow(this.#columns, row.record, lines);
    }
    const { errored } = this.#parser;
    if (errored) this.#collector.fail(this.#parser.info.lines, reasonOf(errored));
  }

  #readHeader(names: readonly string[], line: number): readonly CsvColumn[] {
    const problem = headerProblem(names, this.#fields);
    if (problem !== undefined) this.#collector.fail(line, problem);
    return names.flatMap((name) => {
      const field = findField(this.#fields, name);
      if (field === undefined) return [];
      return {
        name: field.name,
        key: `${JSON.stringify(field.name)}:`,
        convert: csvConverterFor(field.type),
        isRequired: !field.nullable,
        takesEmptyText: field.type.kind === "string" && !field.nullable,
      };
    });
  }

  #collectRow(columns: readonly CsvColumn[], row: readonly string[], line: number): void {
    if (row.length !== columns.length) {
      const reason = `${row.length} fields where the header names ${columns.length}`;
      this.#refuse(line, reason, row);
      return;
    }
    let json = "{";
    for (const [index, column] of columns.entries()) {
      const text = row[index] as string;
      if (text === "" && !column.takesEmptyText) {
        if (!column.isRequired) continue;
        this.#refuse(line, `column ${column.name}: empty, but the column is NOT NULL`, row);
        return;
      }
      const value = column.convert(text);
      if ("problem" in value) {
        const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
        this.#refuse(line, `column ${column.name}: ${shown} ${value.problem}`, row);
        return;
      }
      json += (json.length === 1 ? "" : ",") + column.key + value.json;
    }
    this.#collector.add(`${json}}`, line);
  }

  /** A row that is set aside is kept as a JSON object of its texts. */
  #refuse(line: number, reason: string, row: readonly string[]): void {
    const names = this.#columns ?? [];
    const texts = row.map((text, index) => [names[index]?.name ?? `column ${index + 1}`, text]);
    this.#collector.refuse(line, reason, Buffer.from(JSON.stringify(Object.fromEntries(texts))));
  }
}

function headerProblem(names: readonly string[], fields: readonly Column[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    const field = findField(fields, name);
    if (field === undefined) {
      const known = fields.map((candidate) => candidate.name).join(", ");
      return `the header names the column ${JSON.stringify(name)}, which the table does not have; it has ${known}`;
    }
    if (seen.has(field.name)) return `the header names the column ${JSON.stringify(name)} twice`;
    seen.add(field.name);
  }
  const missing = fields.find(({ name, nullable }) => !nullable && !seen.has(name));
  if (missing === undefined) return undefined;
  return `the header lacks the column ${JSON.stringify(missing.name)}, which is NOT NULL in the table`;
}

function findField(fields: readonly Column[], name: string): Column | undefined {
  const wanted = name.trim();
  return (
    fields.find((field) => field.name === wanted) ??
    fields.find((field) => field.name.toLowerCase() === wanted.toLowerCase())
  );
}

function reasonOf(error: Error): string {
  if (!(error instanceof CsvError)) return error.message;
  return `not valid CSV (${error.message}); the rows behind it cannot be told apart`;
}
