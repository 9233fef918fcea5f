// SPDX-License-Identifier: Apache-2.0

/** Where the server writes what an operator should know. Shaped so that a pino logger fits. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Takes everything and writes nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
