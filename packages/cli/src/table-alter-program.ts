// SPDX-License-Identifier: Apache-2.0
import type { FieldPath, TableChange } from "@sluice/delta";
import { Argument, Command } from "commander";
import {
  collectProperty,
  columnName,
  columnPath,
  columnPaths,
  dataOption,
  jsonOption,
} from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { TargetOptions } from "./commands/table/target.ts";

/** `sluice table alter`: one command for each change, each of which is one version of the table. */
export function alterProgram(context: CommandContext): Command {
  const alter = new Command("alter")
    .description("change a table's columns, constraints, properties or features")
    .addHelpText("after", ALTER_HELP);
  const add = changeAdder(alter, context);
  addColumnChanges(add);
  addTableChanges(add);
  return alter;
}

const ALTER_HELP = `
Columns are written as in SQL: a.b for a field of a STRUCT, names with a dot, a comma or a space between backticks. To
rename or drop columns, a table must map them: create it with --column-mapping name. To change types, its property
delta.enableTypeWidening must be true.

Examples:
  $ sluice table alter add-column main.default.events 'city STRING, weight DOUBLE'
  $ sluice table alter rename-column ./events city town
  $ sluice table alter set-property s3://bucket/events delta.appendOnly=true
  $ sluice table alter add-constraint ./events positive 'weight > 0'`;

/** An argument behind the table, and how it is read; `<...>` is needed, `[...]` is not. */
interface ChangeArgument<T> {
  readonly flags: string;
  readonly description: string;
  /** @param earlier what those before it have made, where it may be repeated. */
  readonly parse: (text: string, earlier: T | undefined) => T;
}

interface ChangeCommand<A extends readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  readonly arguments: { readonly [K in keyof A]: ChangeArgument<A[K]> };
  readonly example: string;
  readonly changeOf: (...values: A) => TableChange | Promise<TableChange>;
}

type AddChange = <A extends readonly unknown[]>(command: ChangeCommand<A>) => void;

function changeAdder(alter: Command, context: CommandContext): AddChange {
  return <A extends readonly unknown[]>(change: ChangeCommand<A>) => {
    const { name, description, example, changeOf } = change;
    const expected: readonly ChangeArgument<unknown>[] = change.arguments;
    const command = alter
      .command(name)
      .description(description)
      .argument("<table>", "catalog.schema.table in the data directory, or a path or URL");
    for (const { flags, description: text, parse } of expected) {
      command.addArgument(new Argument(flags, text).argParser(parse));
    }
    command
      .addOption(dataOption())
      .addOption(jsonOption())
      .addHelpText(
        "after",
        `\nExample:\n  $ sluice table alter ${name} main.default.events ${example}`,
      )
      .action(async (table: string, ...rest: unknown[]) => {
        const values = rest.slice(0, expected.length) as unknown as A;
        const options = rest[expected.length] as TargetOptions;
        const { alterCommand } = await import("./commands/table/alter.ts");
        await alterCommand(table, await changeOf(...values), options, context);
      });
  };
}

const ONE_COLUMN: ChangeArgument<FieldPath> = {
  flags: "<column>",
  description: "a column, or a field inside of one",
  parse: columnPath,
};
const ONE_NAME: ChangeArgument<string> = {
  flags: "<column>",
  description: "a column of the table",
  parse: columnName,
};

function textArgument(flags: string, description: string): ChangeArgument<string> {
  return { flags, description, parse: (given) => given };
}

function addColumnChanges(add: AddChange): void {
  add({
    name: "add-column",
    description: "add columns behind the others; rows that are there have NULL",
    arguments: [
      textArgument("<columns>", "as in CREATE TABLE"),
      {
        flags: "[struct]",
        description: "the STRUCT that they go into (default: the table)",
        parse: (given): FieldPath | undefined => columnPath(given),
      },
    ],
    example: "'city STRING, weight DOUBLE'",
    changeOf: async (columns: string, parent: FieldPath | undefined) => {
      const { columnListOf } = await import("./commands/table-definition.ts");
      // Which names it may have the table itself tells.
      const { fields } = columnListOf("the columns", columns, true);
      return {
        kind: "addColumns",
        columns: fields.map((field) => (parent === undefined ? { field } : { parent, field })),
      };
    },
  });
  add({
    name: "drop-column",
    description: "take columns away; their values stay in the files that are there",
    arguments: [
      {
        flags: "<columns>",
        description: "separated by commas",
        parse: (given) => columnPaths(given),
      },
    ],
    example: "city,weight",
    changeOf: (columns: readonly FieldPath[]) => ({ kind: "dropColumns", columns }),
  });
  add({
    name: "rename-column",
    description: "give a column another name",
    arguments: [ONE_COLUMN, textArgument("<name>", "the new name, without what is around it")],
    example: "city town",
    changeOf: (column: FieldPath, name: string) => ({ kind: "renameColumn", column, name }),
  });
  add({
    name: "change-type",
    description: "give a column a wider type; files stay as they are",
    arguments: [
      {
        ...ONE_COLUMN,
        description:
          "a column, a field, or what an ARRAY (a.element) or MAP (m.key, m.value) holds",
      },
      textArgument("<type>", "the wider type, in SQL"),
    ],
    example: "total 'DECIMAL(20,2)'",
    changeOf: async (column: FieldPath, type: string) => {
      const { typeOf } = await import("./commands/table-definition.ts");
      return { kind: "changeType", column, type: typeOf(type) };
    },
  });
  add({
    name: "set-not-null",
    description: "forbid NULL in a column, after all rows have been checked",
    arguments: [ONE_COLUMN],
    example: "id",
    changeOf: (column: FieldPath) => ({ kind: "setNotNull", column }),
  });
  add({
    name: "drop-not-null",
    description: "allow NULL in a column",
    arguments: [ONE_COLUMN],
    example: "id",
    changeOf: (column: FieldPath) => ({ kind: "dropNotNull", column }),
  });
  add({
    name: "set-default",
    description: "set what a column has where a row does not give it",
    arguments: [ONE_NAME, textArgument("<value>", "an SQL literal")],
    example: "city \"'unknown'\"",
    changeOf: (column: string, value: string) => ({ kind: "setDefault", column, value }),
  });
  add({
    name: "drop-default",
    description: "have rows that do not give a column NULL in it",
    arguments: [ONE_NAME],
    example: "city",
    changeOf: (column: string) => ({ kind: "dropDefault", column }),
  });
}

function addTableChanges(add: AddChange): void {
  add({
    name: "comment",
    description: "say what the table, or a column, is for",
    arguments: [
      textArgument("<text>", "the comment"),
      {
        flags: "[column]",
        description: "a column, or a field inside of one (default: the table)",
        parse: (given): FieldPath | undefined => columnPath(given),
      },
    ],
    example: "'where it was sold' city",
    changeOf: (comment: string, column: FieldPath | undefined) =>
      column === undefined
        ? { kind: "setDescription", description: comment }
        : { kind: "setColumnComment", column, comment },
  });
  add({
    name: "set-property",
    description: "set table properties; the table gets the features that they need",
    arguments: [
      {
        flags: "<KEY=VALUE...>",
        description: "properties",
        parse: (given, earlier: Readonly<Record<string, string>> | undefined) =>
          collectProperty(given, earlier ?? {}),
      },
    ],
    example: "delta.appendOnly=true sluice.commitIntervalMs=1000",
    changeOf: (properties: Readonly<Record<string, string>>) => ({
      kind: "setProperties",
      properties,
    }),
  });
  add({
    name: "unset-property",
    description: "take table properties away",
    arguments: [{ flags: "<keys...>", description: "properties", parse: collect }],
    example: "sluice.commitIntervalMs",
    changeOf: (properties: readonly string[]) => ({ kind: "unsetProperties", properties }),
  });
  add({
    name: "add-constraint",
    description:
      "add a condition that must be true for every row, after all rows have been checked",
    arguments: [
      textArgument("<name>", "of the constraint"),
      textArgument("<condition>", "SQL, see docs/expressions.md"),
    ],
    example: "positive 'weight > 0'",
    changeOf: (name: string, condition: string) => ({ kind: "addConstraint", name, condition }),
  });
  add({
    name: "drop-constraint",
    description: "take a constraint away",
    arguments: [textArgument("<name>", "of the constraint")],
    example: "positive",
    changeOf: (name: string) => ({ kind: "dropConstraint", name }),
  });
  add({
    name: "cluster-by",
    description:
      "cluster a table that is not partitioned by columns, from now on; by none without any",
    arguments: [
      {
        flags: "[columns]",
        description: "at most four, separated by commas",
        parse: (given): readonly FieldPath[] | undefined => columnPaths(given),
      },
    ],
    example: "city,day",
    changeOf: (columns: readonly FieldPath[] | undefined) => ({
      kind: "clusterBy",
      columns: columns ?? [],
    }),
  });
  add({
    name: "enable-feature",
    description: "have the table support features, by the names of Delta's protocol",
    arguments: [{ flags: "<features...>", description: "such as deletionVectors", parse: collect }],
    example: "deletionVectors",
    changeOf: (features: readonly string[]) => ({ kind: "enableFeatures", features }),
  });
}

function collect(given: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), given];
}
