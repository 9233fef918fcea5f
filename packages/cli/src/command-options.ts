// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from "commander";

/** Adds the options that say where records are sent to, and as whom. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--endpoint <url>", "the server (default: ZEROBUS_SERVER_ENDPOINT)")
    .option(
      "--workspace-url <url>",
      "for tokens (default: DATABRICKS_WORKSPACE_URL, or the endpoint)",
    )
    .option("--client-id <id>", "default: DATABRICKS_CLIENT_ID")
    .option(
      "--client-secret <secret>",
      "default: DATABRICKS_CLIENT_SECRET; better there, as others can see arguments",
    )
    .option("--no-auth", "for a server that was started with --no-auth")
    .option("--ca <file>", "certificates to trust, in PEM (default: SSL_CERT_FILE)");
}

/** Reads an option's whole number and checks its range. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}
