// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ClientCredentials, RecoverySummary, ServerOptions } from "../../src/index.ts";

export interface SpawnedServer {
  readonly process: ChildProcess;
  readonly endpoint: string;
  readonly port: number;
  readonly recovery: RecoverySummary;
  /** From the start of the server to its taking streams. */
  readonly recoveryMs: number;
  readonly credentials: ClientCredentials | undefined;
  /** Sends a signal and waits for the end. @returns the exit code, `null` after SIGKILL. */
  stop(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

const SCRIPT = fileURLToPath(new URL("./server-process.js", import.meta.url));

/** Starts a server process and waits until it takes streams. */
export async function spawnServer(
  options: ServerOptions & {
    readonly tables?: Readonly<Record<string, string>>;
    readonly partitionBy?: Readonly<Record<string, readonly string[]>>;
  },
): Promise<SpawnedServer> {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => text as string),
    exited.then(([code]) => {
      throw new Error(`the server process ended with code ${String(code)}`);
    }),
  ]);
  return {
    process: child,
    ...(JSON.parse(line) as Omit<SpawnedServer, "process" | "stop">),
    async stop(signal) {
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}
