// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, type EngineName, EngineRefusal } from "./engine.ts";

/** What a check has to work with, for one engine. */
export interface CheckContext {
  readonly engine: Engine;
  /** A place for a table, empty. */
  readonly location: string;
  /** Every engine that is here and running, `engine` among them. */
  readonly allEngines: readonly Engine[];
  /** Rounds of what is done again and again. */
  readonly rounds: number;
}

/** One fact about our tables and another engine. */
export interface Check {
  readonly name: string;
  /** The engines that it is about. */
  readonly engines: readonly EngineName[];
  /** What engines of these cannot do, by their own words or documentation; the check is skipped for them. */
  readonly unable?: Partial<Readonly<Record<EngineName, string>>>;
  /** @throws whatever tells what is wrong. */
  readonly run: (context: CheckContext) => Promise<void>;
}

export const READERS: readonly EngineName[] = ["deltalake", "duckdb", "spark", "polars"];

/** Why a check is not run with an engine, or `undefined`. */
export function skipReasonOf(check: Check, name: EngineName): string | undefined {
  if (!check.engines.includes(name)) return "not about this engine";
  return check.unable?.[name];
}

/** Runs a check in a directory of its own, which is removed. */
export async function runCheck(
  check: Check,
  context: Omit<CheckContext, "location">,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-interop-"));
  try {
    await check.run({ ...context, location: join(directory, "table") });
  } catch (error) {
    // The engine's own words belong to the failure, not to a stack of ours.
    if (error instanceof EngineRefusal) {
      throw new Error(`${context.engine.name} refuses: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
