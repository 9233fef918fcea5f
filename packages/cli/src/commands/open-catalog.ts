// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Catalog } from "@sluice/server";
import { CliError } from "../cli-error.ts";

/** The catalog of a data directory that exists. @throws CliError where it does not. */
export async function openCatalog(data: string): Promise<Catalog> {
  const directory = resolve(data);
  const status = await stat(directory).catch(() => undefined);
  if (status?.isDirectory() === true) return new Catalog(directory);
  throw new CliError(`there is no data directory ${directory}; name it with --data`, {
    hints: [
      "`sluice dev` and `sluice table create` make one, .sluice in the working directory by default.",
    ],
  });
}
