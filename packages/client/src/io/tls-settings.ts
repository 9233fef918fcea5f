// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Environment } from "../core/proxy-selection.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { TlsOptions } from "./dial.ts";

/**
 * Adds the certificates of SSL_CERT_FILE, which the official client reads too, unless the application gave its own.
 * @throws ZerobusError `invalid_argument` when the file cannot be read
 */
export function withCertificateFile(tls: TlsOptions, environment: Environment): TlsOptions {
  const certificateFile = environment["SSL_CERT_FILE"];
  if (tls.ca !== undefined || certificateFile === undefined || certificateFile === "") return tls;
  try {
    return { ...tls, ca: readFileSync(certificateFile) };
  } catch (cause) {
    throw new ZerobusError(
      "invalid_argument",
      `Cannot read the certificates of SSL_CERT_FILE ${certificateFile}`,
      { cause },
    );
  }
}
