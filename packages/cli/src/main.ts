// SPDX-License-Identifier: Apache-2.0
import { hasSystemCode } from "./cli-error.ts";
import { runCommandLine } from "./run-command-line.ts";
import { createScreen } from "./terminal/screen.ts";

/** Runs the command line of this process and sets its exit code. */
export async function main(): Promise<void> {
  const { stdout, stderr, stdin, env: environment, argv } = process;
  // `sluice table head | head -1` closes the pipe: nobody is left to write to.
  stdout.on("error", (cause: unknown) => {
    if (hasSystemCode(cause, "EPIPE")) process.exit(0);
    throw cause;
  });
  // With it the AWS SDK would write of this release of Node to standard error, each time.
  environment["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const screen = createScreen(stdout, stderr, environment);
  process.exitCode = await runCommandLine(argv.slice(2), { screen, environment, stdin });
}
