// SPDX-License-Identifier: Apache-2.0
import { CliError } from "../cli-error.ts";
import { ENVIRONMENT_VARIABLES, type Environment, fromEnvironment } from "../environment.ts";

export interface ConnectionOptions {
  readonly endpoint?: string;
  readonly workspaceUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** `false` for a server that was started with `--no-auth`. */
  readonly auth: boolean;
}

/** Where to produce to, and as whom. */
export interface Connection {
  readonly endpoint: string;
  readonly workspaceUrl: string;
  /** `undefined` where authentication is off. */
  readonly client: { readonly id: string; readonly secret: string } | undefined;
}

/**
 * Takes what the options say, and the environment for the rest.
 * @throws CliError that names what is missing.
 */
export function resolveConnection(
  options: ConnectionOptions,
  environment: Environment,
): Connection {
  const endpoint = options.endpoint ?? fromEnvironment(environment, "endpoint");
  if (endpoint === undefined) {
    throw new CliError(
      `no endpoint given; pass --endpoint or set ${ENVIRONMENT_VARIABLES.endpoint}`,
      { hints: ["`sluice dev` starts a server and prints the variables to set."] },
    );
  }
  const workspaceUrl = options.workspaceUrl ?? fromEnvironment(environment, "workspaceUrl");
  if (workspaceUrl === undefined && /\.zerobus\./.test(endpoint)) {
    throw new CliError(
      `no workspace URL given, which the endpoint ${endpoint} needs for its tokens; pass --workspace-url or set ${ENVIRONMENT_VARIABLES.workspaceUrl}`,
    );
  }
  const client = options.auth ? resolveClient(options, environment) : undefined;
  return { endpoint, workspaceUrl: workspaceUrl ?? endpoint, client };
}

function resolveClient(
  options: ConnectionOptions,
  environment: Environment,
): { readonly id: string; readonly secret: string } {
  const id = options.clientId ?? fromEnvironment(environment, "clientId");
  const secret = options.clientSecret ?? fromEnvironment(environment, "clientSecret");
  if (id !== undefined && secret !== undefined) return { id, secret };
  const [what, option, variable] =
    id === undefined
      ? ["client id", "--client-id", ENVIRONMENT_VARIABLES.clientId]
      : ["client secret", "--client-secret", ENVIRONMENT_VARIABLES.clientSecret];
  throw new CliError(`no ${what} given; pass ${option} or set ${variable}`, {
    hints: [
      "`sluice dev` prints both. For a server started with --no-auth, pass --no-auth here as well.",
    ],
  });
}
