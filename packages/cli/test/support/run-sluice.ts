// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable, Writable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../src/run-command-line.ts";
import { createScreen } from "../../src/terminal/screen.ts";

const BINARY = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));

export type Environment = Readonly<Record<string, string>>;

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `sluice` process. Killed at the end of the test if it still runs. */
export interface RunningSluice {
  readonly child: ChildProcessWithoutNullStreams;
  /** Settles when the process has ended and its output was read. */
  readonly ended: Promise<RunResult>;
}

/** What `sluice dev --json` prints. */
export interface DevReady {
  readonly endpoint: string;
  readonly workspaceUrl: string;
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly dataDirectory: string;
  readonly pid: number;
  readonly tables: readonly string[];
}

export interface RunningDev extends RunningSluice {
  readonly ready: DevReady;
  /** The variables that clients read. */
  readonly environment: Environment;
}

/** A fresh directory that is removed at the end of the test. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts the real command, with nothing of Sluice's in its environment but what is given. */
export function startSluice(
  context: TestContext,
  commandLine: readonly string[],
  environment: Environment = {},
): RunningSluice {
  const child = spawn(process.execPath, [BINARY, ...commandLine], {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
  context.after(() => child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(
    ([code]): RunResult => ({ code: code as number | null, stdout, stderr }),
  );
  return { child, ended };
}

/** Runs a command line in this process, which is faster than in one of its own. */
export async function runInProcess(
  commandLine: readonly string[],
  environment: Environment = {},
  input = "",
): Promise<RunResult> {
  const [stdout, stderr] = [new CapturedOutput(), new CapturedOutput()];
  const screen = createScreen(stdout, stderr, environment);
  const stdin = Readable.from(input === "" ? [] : [Buffer.from(input)]);
  const code = await runCommandLine(commandLine, { screen, environment, stdin });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class CapturedOutput extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

/** Runs the command to its end. */
export async function runSluice(
  context: TestContext,
  commandLine: readonly string[],
  environment: Environment = {},
  input = "",
): Promise<RunResult> {
  const { child, ended } = startSluice(context, commandLine, environment);
  child.stdin.end(input);
  return ended;
}

/** Starts `sluice dev` on a free port and waits until it is ready. */
export async function startDev(
  context: TestContext,
  dataDirectory: string,
  options: readonly string[] = [],
  environment: Environment = {},
): Promise<RunningDev> {
  const commandLine = ["dev", "--port", "0", "--data", dataDirectory, "--json", ...options];
  const running = startSluice(context, commandLine, environment);
  const lines = createInterface({ input: running.child.stdout });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => line as string),
    running.ended.then(({ stderr }): never => {
      throw new Error(`sluice dev ended before it was ready: ${stderr}`);
    }),
  ]);
  const ready = JSON.parse(first) as DevReady;
  return {
    ...running,
    ready,
    environment: {
      ZEROBUS_SERVER_ENDPOINT: ready.endpoint,
      DATABRICKS_WORKSPACE_URL: ready.workspaceUrl,
      ...(ready.clientId === null ? {} : { DATABRICKS_CLIENT_ID: ready.clientId }),
      ...(ready.clientSecret === null ? {} : { DATABRICKS_CLIENT_SECRET: ready.clientSecret }),
    },
  };
}

/** Ends a server as an operator would. */
export async function stopDev({ child, ended }: RunningSluice): Promise<RunResult> {
  child.kill("SIGTERM");
  return ended;
}
