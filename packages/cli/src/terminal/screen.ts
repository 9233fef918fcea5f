// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import type { ProgressOutput } from "./progress.ts";
import { type Style, styleFor } from "./style.ts";

/** Standard output or standard error, or what stands in for them. */
export type ScreenOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Where a command writes: what it was asked for to standard output, everything about it to standard error. */
export interface Screen {
  /** Style for standard output. */
  readonly style: Style;
  /** Style for standard error. */
  readonly errorStyle: Style;
  /** Cells of a line of standard output; `undefined` where it is not a terminal. */
  readonly width: number | undefined;
  readonly output: ProgressOutput;
  readonly errorOutput: ProgressOutput;
  /** Writes lines to standard output and waits where its reader is slower. */
  print(...lines: readonly string[]): Promise<void>;
  /** Writes to standard output as it is, and waits where its reader is slower. */
  write(data: string | Uint8Array): Promise<void>;
  /** Writes lines to standard error. */
  tell(...lines: readonly string[]): void;
}

export function createScreen(
  stdout: ScreenOutput,
  stderr: ScreenOutput,
  environment: Readonly<Record<string, string | undefined>>,
): Screen {
  const write = async (data: string | Uint8Array): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      stdout.write(data, (error) => (error ? reject(error) : resolve()));
    });
  return {
    style: styleFor(stdout, environment),
    errorStyle: styleFor(stderr, environment),
    get width() {
      return stdout.isTTY === true ? (stdout.columns ?? 80) : undefined;
    },
    output: stdout,
    errorOutput: stderr,
    async print(...lines) {
      if (lines.length === 0) return;
      await write(lines.map((line) => `${line}\n`).join(""));
    },
    write,
    tell(...lines) {
      for (const line of lines) stderr.write(`${line}\n`);
    },
  };
}
