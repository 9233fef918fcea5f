// SPDX-License-Identifier: Apache-2.0
import { ALL_CHECKS } from "./checks/all-checks.ts";
import { type Check, runCheck, skipReasonOf } from "./check.ts";
import { type Engine, ENGINES, type EngineName, EngineSet, skipWithoutEngine } from "./engine.ts";

export type Outcome =
  | { readonly kind: "passed"; readonly seconds: number }
  | { readonly kind: "failed"; readonly seconds: number; readonly error: string }
  | { readonly kind: "skipped"; readonly reason: string };

export interface Cell {
  readonly check: string;
  readonly engine: EngineName;
  readonly outcome: Outcome;
}

export interface Matrix {
  /** Versions of the engines that ran. */
  readonly versions: Readonly<Partial<Record<EngineName, Readonly<Record<string, string>>>>>;
  /** Why the others did not. */
  readonly absent: Readonly<Partial<Record<EngineName, string>>>;
  readonly cells: readonly Cell[];
}

export interface MatrixOptions {
  readonly isQuick: boolean;
  /** Part of the name of a check or an engine. */
  readonly only: string;
  readonly onProgress: (line: string) => void;
}

const ROUNDS = 10;
const QUICK_ROUNDS = 2;

/** Runs every check with every engine that is here, one after the other; each engine is one process. */
export async function runMatrix({ isQuick, only, onProgress }: MatrixOptions): Promise<Matrix> {
  await using engines = new EngineSet();
  const versions: Partial<Record<EngineName, Readonly<Record<string, string>>>> = {};
  const absent: Partial<Record<EngineName, string>> = {};
  const running = new Map<EngineName, Engine>();
  for (const name of ENGINES) {
    const reason = isQuick && name === "spark" ? "left out by --quick" : skipWithoutEngine(name);
    if (reason !== false) {
      absent[name] = reason;
      continue;
    }
    try {
      const engine = await engines.engine(name);
      running.set(name, engine);
      versions[name] = engine.versions;
    } catch (error) {
      absent[name] = `does not start: ${messageOf(error)}`;
    }
  }
  const cells: Cell[] = [];
  for (const check of ALL_CHECKS) {
    for (const name of ENGINES) {
      if (!`${check.name} ${name}`.includes(only)) continue;
      const reason = skipReasonOf(check, name) ?? absent[name];
      const engine = running.get(name);
      if (reason !== undefined || engine === undefined) {
        cells.push(cellOf(check, name, { kind: "skipped", reason: reason ?? "absent" }));
        continue;
      }
      const context = {
        engine,
        allEngines: [...running.values()],
        rounds: isQuick ? QUICK_ROUNDS : ROUNDS,
      };
      const outcome = await outcomeOf(async () => runCheck(check, context));
      onProgress(`${outcome.kind} ${name}: ${check.name}`);
      cells.push(cellOf(check, name, outcome));
    }
  }
  return { versions, absent, cells };
}

function cellOf({ name }: Check, engine: EngineName, outcome: Outcome): Cell {
  return { check: name, engine, outcome };
}

async function outcomeOf(run: () => Promise<void>): Promise<Outcome> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  try {
    await run();
    return { kind: "passed", seconds: seconds() };
  } catch (error) {
    return { kind: "failed", seconds: seconds(), error: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
