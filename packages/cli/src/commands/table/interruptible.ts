// SPDX-License-Identifier: Apache-2.0
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, type StopSignal, takeStopSignals } from "../signals.ts";
import { type Progress, type ProgressState, startProgress } from "../../terminal/progress.ts";

/** Work that Ctrl-C ends in order. */
export interface Interruptible<T> {
  readonly run: (signal: AbortSignal) => Promise<T>;
  /** What the progress display shows; no display without. */
  readonly progress?: () => ProgressState;
}

/** How the work has ended. */
export type Interrupted<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "stopped"; readonly exitCode: number };

/**
 * Runs work under a progress display. The first SIGINT or SIGTERM aborts it, so that it can end in order; the second ends
 * the process.
 * @throws what the work throws, unless it was stopped.
 */
export async function runInterruptible<T>(
  { run, progress }: Interruptible<T>,
  { screen }: CommandContext,
): Promise<Interrupted<T>> {
  const signals = takeStopSignals();
  const abort = new AbortController();
  const stop = new StopRequested();
  let stopSignal: StopSignal | undefined;
  let display: Progress | undefined;
  void signals.first.then((signal) => {
    stopSignal = signal;
    const line = `${signal}: ending in order; once more ends at once`;
    if (display === undefined) screen.tell(line);
    else display.print(line);
    abort.abort(stop);
  });
  void signals.second.then((signal) => process.exit(EXIT_CODES[signal]));
  if (progress !== undefined) {
    const { errorOutput, errorStyle } = screen;
    display = startProgress({ output: errorOutput, style: errorStyle, read: progress });
  }
  // Where nobody reads the output any more the process ends at once; no bar must be left on the terminal.
  const clear = (): void => display?.stop();
  process.once("exit", clear);
  try {
    return { kind: "done", value: await run(abort.signal) };
  } catch (reason) {
    if (reason !== stop || stopSignal === undefined) throw reason;
    return { kind: "stopped", exitCode: EXIT_CODES[stopSignal] };
  } finally {
    clear();
    process.removeListener("exit", clear);
    signals.release();
  }
}

/** The reason of the abort. */
class StopRequested extends Error {
  override readonly name = "StopRequested";
}
