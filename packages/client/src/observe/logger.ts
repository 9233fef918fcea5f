// SPDX-License-Identifier: Apache-2.0

/** The fields of a line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where lines go. A pino logger fits as it is. */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogLevel = keyof Logger;
