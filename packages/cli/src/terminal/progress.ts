// SPDX-License-Identifier: Apache-2.0
import { cutToWidth, displayWidth } from "./display-text.ts";
import { formatBytes, formatCount, formatSeconds } from "./numbers.ts";
import { PLAIN_STYLE, type Style } from "./style.ts";

export type ProgressUnit = "record" | "row" | "file" | "byte";

/** How far a piece of work has come. */
export interface ProgressState {
  /** 0 to 1; `undefined` where the end is not known. */
  readonly fraction: number | undefined;
  /** How much of it is done. */
  readonly doneCount: number;
  /** What is counted. @default "record" */
  readonly unit?: ProgressUnit;
  /** What is worth saying beside it, such as `3 streams`. */
  readonly note?: string;
}

/** Where a progress display writes. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly output: ProgressOutput;
  readonly style: Style;
  /** Asked each time something is drawn. */
  readonly read: () => ProgressState;
}

/** A display that redraws itself until it is stopped. */
export interface Progress {
  /** Removes the bar, writes a line, and draws the bar again below. */
  print(line: string): void;
  /** Ends the display. A bar is removed; repeated calls do nothing. */
  stop(): void;
}

const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5_000;
const BAR_WIDTH = 28;
const CLEAR_LINE = "\r\u001B[2K";

/** Shows progress: on a terminal a bar that redraws itself, elsewhere a plain line every few seconds. */
export function startProgress(options: ProgressOptions): Progress {
  const { output, style, read } = options;
  const isBar = output.isTTY === true;
  const startedAtMs = performance.now();
  const draw = (): void => {
    const seconds = (performance.now() - startedAtMs) / 1000;
    const state = read();
    output.write(
      isBar
        ? CLEAR_LINE + barLine(state, seconds, style, output.columns)
        : `${progressLine(state, seconds, undefined)}\n`,
    );
  };
  let timer: NodeJS.Timeout | undefined = setInterval(
    draw,
    isBar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS,
  );
  timer.unref();
  if (isBar) draw();
  return {
    print(line) {
      if (isBar && timer !== undefined) output.write(CLEAR_LINE);
      output.write(`${line}\n`);
      if (isBar && timer !== undefined) draw();
    },
    stop() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      if (isBar) output.write(CLEAR_LINE);
    },
  };
}

/** The text of one display; with a bar where a style is given. */
export function progressLine(
  state: ProgressState,
  elapsedSeconds: number,
  style: Style | undefined,
): string {
  const { fraction, doneCount, unit = "record", note } = state;
  const rate = elapsedSeconds > 0 ? doneCount / elapsedSeconds : 0;
  const parts =
    unit === "byte"
      ? [formatBytes(doneCount), `${formatBytes(rate)}/s`]
      : [`${formatCount(doneCount)} ${unit}s`, `${formatCount(rate)}/s`];
  if (fraction !== undefined) {
    const percent = `${Math.floor(clamp(fraction) * 100)} %`.padStart(5);
    parts.unshift(
      style === undefined ? percent.trim() : `${bar(clamp(fraction), style)} ${percent}`,
    );
    const remaining = fraction > 0 ? (elapsedSeconds * (1 - clamp(fraction))) / clamp(fraction) : 0;
    if (fraction > 0 && fraction < 1 && elapsedSeconds >= 1) {
      parts.push(`${formatSeconds(Math.max(1, Math.round(remaining)))} left`.replace(".00", ""));
    }
  } else {
    parts.push(formatSeconds(elapsedSeconds));
  }
  if (note !== undefined) parts.push(note);
  return parts.join("  ");
}

/** A line that wraps could not be cleared again. */
function barLine(
  state: ProgressState,
  elapsedSeconds: number,
  style: Style,
  columns: number | undefined,
): string {
  const plain = progressLine(state, elapsedSeconds, PLAIN_STYLE);
  if (columns !== undefined && displayWidth(plain) >= columns)
    return cutToWidth(plain, columns - 1);
  return progressLine(state, elapsedSeconds, style);
}

function bar(fraction: number, style: Style): string {
  const filled = Math.round(fraction * BAR_WIDTH);
  return style.cyan("█".repeat(filled)) + style.dim("░".repeat(BAR_WIDTH - filled));
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
