// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FaultLine, ReadyLine, ServerProcessOptions } from "./server-process.ts";

const SCRIPT = fileURLToPath(new URL("./server-process.js", import.meta.url));

export type ChaosServerOptions = Omit<ServerProcessOptions, "port" | "elapsedMs" | "life">;

/** A server with faults that can be killed and comes back on the same port and data directory, in the same plan. */
export class ChaosServer {
  /** How often each fault has happened; `kill` among them. */
  readonly faultCounts: Map<string, number> = new Map<string, number>();
  readonly ready: ReadyLine;
  readonly #options: ChaosServerOptions;
  readonly #startedAtMs = performance.now();
  #child: ChildProcess;
  #life = 0;

  private constructor(options: ChaosServerOptions, child: ChildProcess, ready: ReadyLine) {
    this.#options = options;
    this.#child = child;
    this.ready = ready;
  }

  static async start(options: ChaosServerOptions): Promise<ChaosServer> {
    const faults: string[] = [];
    let count = (fault: string): void => void faults.push(fault);
    const first = { ...options, port: 0, elapsedMs: 0, life: 0 };
    const { child, ready } = await spawnServer(first, (fault) => count(fault));
    const server = new ChaosServer(options, child, ready);
    count = (fault) => server.#count(fault);
    faults.forEach(count);
    return server;
  }

  /** Kills the process, and starts another after `pauseMs`. */
  async killAndRestart(pauseMs: number): Promise<void> {
    this.#count("kill");
    await end(this.#child, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    this.#life += 1;
    const elapsedMs = performance.now() - this.#startedAtMs;
    const again = { ...this.#options, port: this.ready.port, elapsedMs, life: this.#life };
    const { child } = await spawnServer(again, (fault) => this.#count(fault));
    this.#child = child;
  }

  /** Ends the server in order: everything acknowledged is committed. @returns its exit code. */
  stop(): Promise<number | null> {
    return end(this.#child, "SIGTERM");
  }

  #count(fault: string): void {
    this.faultCounts.set(fault, (this.faultCounts.get(fault) ?? 0) + 1);
  }
}

async function spawnServer(
  options: ServerProcessOptions,
  onFault: (fault: string) => void,
): Promise<{ child: ChildProcess; ready: ReadyLine }> {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server process ended with code ${code}`)));
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as ReadyLine | FaultLine;
      if ("fault" in line) onFault(line.fault);
      else resolve({ child, ready: line });
    });
  });
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}
