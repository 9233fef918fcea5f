// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { CommanderError } from "commander";
import { errorLines } from "./cli-error.ts";
import type { CommandContext } from "./commands/context.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command line.
 * @param commandLine what follows the name of the program.
 * @returns the exit code; failures were told on the screen.
 */
export async function runCommandLine(
  commandLine: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { screen, environment } = context;
  let exitCode = 0;
  try {
    const program = createProgram(await readVersion(), context, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...commandLine], { from: "user" });
    return exitCode;
  } catch (reason) {
    // Its words, help or an error of usage, are written already.
    if (reason instanceof CommanderError) return reason.exitCode;
    const isDebug = (environment["DEBUG"] ?? "").split(",").includes("sluice");
    const [headline = "", ...rest] = errorLines(reason, isDebug);
    screen.tell(screen.errorStyle.red(headline), ...rest);
    return 1;
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
