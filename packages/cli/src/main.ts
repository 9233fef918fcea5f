// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { errorLines, hasSystemCode } from "./cli-error.ts";
import { createProgram } from "./program.ts";
import { createScreen } from "./terminal/screen.ts";

/** Runs the command line of this process and sets its exit code. */
export async function main(commandLine: readonly string[]): Promise<void> {
  const { stdout, stderr, stdin, env: environment } = process;
  const screen = createScreen(stdout, stderr, environment);
  // `sluice table head | head -1` closes the pipe: nobody is left to write to.
  stdout.on("error", (cause: unknown) => {
    if (hasSystemCode(cause, "EPIPE")) process.exit(0);
    throw cause;
  });
  const program = createProgram(await readVersion(), { screen, environment, stdin }, (code) => {
    process.exitCode = code;
  });
  try {
    await program.parseAsync([...commandLine]);
  } catch (reason) {
    const isDebug = (environment["DEBUG"] ?? "").split(",").includes("sluice");
    const [headline = "", ...rest] = errorLines(reason, isDebug);
    screen.tell(screen.errorStyle.red(headline), ...rest);
    process.exitCode = 1;
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
