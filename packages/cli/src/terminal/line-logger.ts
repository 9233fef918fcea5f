// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "@sluice/server";
import { printable } from "./display-text.ts";
import type { Style } from "./style.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A logger that writes one line per event: time, level where it is not `info`, message, fields. */
export function createLineLogger(
  write: (line: string) => void,
  style: Style,
  now: () => Date = () => new Date(),
): Logger {
  const log = (level: string, fields: Fields, message: string): void => {
    const parts = [style.dim(now().toTimeString().slice(0, 8))];
    if (level !== "") parts.push(level);
    parts.push(message);
    const text = fieldsText(fields);
    if (text !== "") parts.push(style.dim(text));
    write(`${parts.join(" ")}\n`);
  };
  return {
    info: (fields, message) => log("", fields, message),
    warn: (fields, message) => log(style.yellow("warning:"), fields, message),
    error: (fields, message) => log(style.red("error:"), fields, message),
  };
}

function fieldsText(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      if (value instanceof Error) return `(${printable(value.message)})`;
      const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
      return `${name}=${printable(text)}`;
    })
    .join(" ");
}
