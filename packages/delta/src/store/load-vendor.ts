// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { isErrno } from "./local-errors.ts";

/**
 * Loads a vendor's library, which is installed only where it is used.
 * @throws DeltaError `unsupported` with the command that installs it.
 */
export async function loadVendor<T>(
  packageName: string,
  purpose: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isErrno(cause, "ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND")) throw cause;
    throw new DeltaError(
      "unsupported",
      `${purpose} needs the package ${packageName}, which is not installed: npm install ${packageName}`,
      { cause, details: { package: packageName } },
    );
  }
}
