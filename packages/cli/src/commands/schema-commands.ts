// SPDX-License-Identifier: Apache-2.0
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fetchTableSchema, protoFileOf, type TableSchema, typeScriptOf } from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import { fromEnvironment, requireTableName } from "../environment.ts";
import { readCertificates } from "../produce/certificates.ts";
import { type ConnectionOptions, resolveConnection } from "../produce/connection.ts";
import { fetchToken } from "../produce/workspace-api.ts";
import type { CommandContext } from "./context.ts";

export interface SchemaCommandOptions extends ConnectionOptions {
  /** File to write instead of standard output. */
  readonly out?: string;
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
  readonly json?: boolean;
}

export interface ProtoCommandOptions extends SchemaCommandOptions {
  readonly package?: string;
}

export interface TypesCommandOptions extends SchemaCommandOptions {
  readonly name?: string;
}

export async function protoCommand(
  table: string | undefined,
  options: ProtoCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { package: packageName } = options;
  await generate(table, options, context, (schema) =>
    protoFileOf(schema, packageName === undefined ? {} : { packageName }),
  );
}

export async function typesCommand(
  table: string | undefined,
  options: TypesCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { name } = options;
  await generate(table, options, context, (schema) =>
    typeScriptOf(schema, name === undefined ? {} : { name }),
  );
}

async function generate(
  tableArgument: string | undefined,
  options: SchemaCommandOptions,
  context: CommandContext,
  textOf: (schema: TableSchema) => string,
): Promise<void> {
  const schema = await fetchSchema(tableArgument, options, context);
  const text = options.json === true ? `${JSON.stringify(schema)}\n` : textOf(schema);
  if (options.out === undefined) {
    await context.screen.print(text.trimEnd());
    return;
  }
  const file = resolve(options.out);
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new CliError(`cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
  context.screen.tell(`wrote ${file}`);
}

async function fetchSchema(
  tableArgument: string | undefined,
  options: SchemaCommandOptions,
  { environment }: CommandContext,
): Promise<TableSchema> {
  const table = requireTableName(tableArgument, environment);
  // The endpoint for records is not used here, only what it says of the workspace.
  const workspaceUrl = options.workspaceUrl ?? fromEnvironment(environment, "workspaceUrl");
  const endpoint = options.endpoint ?? fromEnvironment(environment, "endpoint") ?? workspaceUrl;
  const connection = resolveConnection(
    { ...options, ...(endpoint === undefined ? {} : { endpoint }) },
    environment,
  );
  const certificates = await readCertificates(options.ca ?? environment["SSL_CERT_FILE"]);
  const token = await fetchToken(connection, certificates);
  return fetchTableSchema({
    unityCatalogUrl: connection.workspaceUrl,
    table,
    ...(token === undefined ? {} : { token }),
    ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
  });
}
