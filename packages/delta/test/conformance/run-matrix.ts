// SPDX-License-Identifier: Apache-2.0
import { ALL_CHECKS } from "./checks/all-checks.ts";
import { runCheck, skipReasonOf } from "./check.ts";
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
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { isQuick, only, onProgress } = options;
  await using engines = new EngineSet();
  const chosen = ALL_CHECKS.flatMap((check) =>
    ENGINES.filter((name) => `${check.name} ${name}`.includes(only)).map((name) => ({
      check,
      name,
    })),
  );
  const running = new Map<EngineName, Engine>();
  const versions: Partial<Record<EngineName, Readonly<Record<string, string>>>> = {};
  const absent: Partial<Record<EngineName, string>> = {};
  const broken = new Map<EngineName, string>();
  for (const name of ENGINES) {
    const isNeeded = chosen.some(
      (cell) => cell.name === name && skipReasonOf(cell.check, name) === undefined,
    );
    const reason = isNeeded ? reasonAgainst(name, isQuick) : "not needed";
    if (reason !== undefined) {
      absent[name] = reason;
      continue;
    }
    try {
      const engine = await engines.engine(name);
      running.set(name, engine);
      versions[name] = engine.versions;
    } catch (error) {
      broken.set(name, `does not start: ${messageOf(error)}`);
    }
  }
  const rounds = isQuick ? QUICK_ROUNDS : ROUNDS;
  const cells: Cell[] = [];
  for (const { check, name } of chosen) {
    const skipped = skipReasonOf(check, name) ?? absent[name];
    const outcome =
      skipped === undefined
        ? await outcomeOf(async () => {
            const engine = running.get(name);
            if (engine === undefined) throw new Error(broken.get(name));
            await runCheck(check, { engine, allEngines: [...running.values()], rounds });
          })
        : ({ kind: "skipped", reason: skipped } as const);
    if (outcome.kind !== "skipped") onProgress(`${outcome.kind} ${name}: ${check.name}`);
    cells.push({ check: check.name, engine: name, outcome });
  }
  return { versions, absent, cells };
}

function reasonAgainst(name: EngineName, isQuick: boolean): string | undefined {
  if (isQuick && name === "spark") return "left out by --quick";
  const reason = skipWithoutEngine(name);
  return reason === false ? undefined : reason;
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
