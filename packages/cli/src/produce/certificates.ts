// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { CliError, messageOf } from "../cli-error.ts";

/** The certificates to trust, where a file of them is named. @throws CliError */
export async function readCertificates(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined || file === "") return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CliError(
      `cannot read the certificates in ${file}: ${messageOf(cause)}; name a PEM file`,
      { cause },
    );
  }
}
