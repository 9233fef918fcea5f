// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { createTable, type FieldPath, type NewTable } from "@sluice/delta";
import { Catalog } from "@sluice/server";
import type { CommandContext } from "../context.ts";
import { columnListOf, tableDefinition } from "../table-definition.ts";
import { isLocation, type TargetOptions } from "./target.ts";

export interface CreateTableOptions extends TargetOptions {
  readonly property: Readonly<Record<string, string>>;
  readonly constraint: Readonly<Record<string, string>>;
  readonly default: Readonly<Record<string, string>>;
  readonly partitionBy?: readonly string[];
  readonly clusterBy?: readonly FieldPath[];
  readonly columnMapping?: "none" | "name" | "id";
  readonly feature?: readonly string[];
  readonly comment?: string;
}

/** Creates a table in the data directory, or in a place of its own. */
export async function createTableCommand(
  nameOrLocation: string,
  columns: string,
  options: CreateTableOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { name, location } = isLocation(nameOrLocation)
    ? await createAt(nameOrLocation, columns, options)
    : await createNamed(nameOrLocation, columns, options);
  if (options.json === true) await screen.print(JSON.stringify({ name, location }));
  else await screen.print(`created ${screen.style.bold(name)} at ${location}`);
}

interface Created {
  readonly name: string;
  readonly location: string;
}

async function createNamed(
  nameText: string,
  columns: string,
  options: CreateTableOptions,
): Promise<Created> {
  const { name, schema } = tableDefinition(nameText, columns, isMapped(options));
  const catalog = new Catalog(resolve(options.data));
  const { properties, ...details } = detailsOf(options);
  const { comment } = options;
  const { location } = await catalog.create(name, schema, properties, { ...details, comment });
  return { name, location };
}

async function createAt(
  place: string,
  columns: string,
  options: CreateTableOptions,
): Promise<Created> {
  const schema = columnListOf(`table ${place}`, columns, isMapped(options));
  const { location } = await createTable({ location: place, schema, ...detailsOf(options) });
  return { name: location, location };
}

function isMapped({ columnMapping, property }: CreateTableOptions): boolean {
  const mode = columnMapping ?? property["delta.columnMapping.mode"] ?? "none";
  return mode.toLowerCase() !== "none";
}

function detailsOf(options: CreateTableOptions): Omit<NewTable, "schema" | "name"> {
  const {
    property,
    constraint,
    default: defaults,
    partitionBy,
    clusterBy,
    columnMapping,
    feature,
    comment,
  } = options;
  return {
    properties: property,
    constraints: constraint,
    defaults,
    ...(partitionBy === undefined ? {} : { partitionBy }),
    ...(clusterBy === undefined ? {} : { clusterBy }),
    ...(columnMapping === undefined ? {} : { columnMapping }),
    ...(feature === undefined ? {} : { features: feature }),
    ...(comment === undefined ? {} : { description: comment }),
  };
}
