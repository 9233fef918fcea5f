// SPDX-License-Identifier: Apache-2.0
import { CliError } from "./cli-error.ts";

/** The variables that the official examples read, and what stands in for options that were not given. */
export const ENVIRONMENT_VARIABLES = {
  endpoint: "ZEROBUS_SERVER_ENDPOINT",
  workspaceUrl: "DATABRICKS_WORKSPACE_URL",
  table: "ZEROBUS_TABLE_NAME",
  clientId: "DATABRICKS_CLIENT_ID",
  clientSecret: "DATABRICKS_CLIENT_SECRET",
} as const;

export type Environment = Readonly<Record<string, string | undefined>>;

type VariableName = keyof typeof ENVIRONMENT_VARIABLES;

/** The value of a variable; one that is set to nothing counts as not set. */
export function fromEnvironment(environment: Environment, name: VariableName): string | undefined {
  const value = environment[ENVIRONMENT_VARIABLES[name]];
  return value === "" ? undefined : value;
}

/**
 * A table's name: the argument, or else `ZEROBUS_TABLE_NAME`.
 * @throws CliError when there is neither.
 */
export function requireTableName(argument: string | undefined, environment: Environment): string {
  const name = argument ?? fromEnvironment(environment, "table");
  if (name !== undefined) return name;
  throw new CliError(
    `no table given; name one, as catalog.schema.table, or set ${ENVIRONMENT_VARIABLES.table}`,
  );
}

/** Where `sluice dev` listens and commands look for tables, unless told otherwise. */
export const DEFAULT_DATA_DIRECTORY = ".sluice";

export const DEFAULT_PORT = 50_051;
