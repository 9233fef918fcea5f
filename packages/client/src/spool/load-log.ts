// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import { CLIENT_VERSION } from "../version.ts";

/** The optional package a spool stands on. */
export type LogPackage = typeof import("@sluice/log");

/**
 * Loads the log package when a spool is asked for; nothing else of this package needs it.
 * @throws ZerobusError `invalid_argument` saying what to install
 */
export async function loadLogPackage(
  load: () => Promise<LogPackage> = () => import("@sluice/log"),
): Promise<LogPackage> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ZerobusError(
      "invalid_argument",
      `A spool needs the package @sluice/log, which is not installed; run \`npm install @sluice/log@${CLIENT_VERSION}\``,
      { cause },
    );
  }
}
