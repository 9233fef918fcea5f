// SPDX-License-Identifier: Apache-2.0

/** Ways to make text stand out; each returns its argument unchanged where colours are off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
}

/** The part of an output stream that the choice of a style depends on. */
export interface StyledOutput {
  readonly isTTY?: boolean | undefined;
}

/**
 * Colours for a terminal, plain text for anything else, and for a user who set `NO_COLOR` (https://no-color.org) or has a
 * terminal without any.
 */
export function styleFor(
  output: StyledOutput,
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const isRefused = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return output.isTTY === true && !isRefused ? COLOURS : PLAIN_STYLE;
}

function colour(open: number, close: number): (text: string) => string {
  return (text) => `\u001B[${open}m${text}\u001B[${close}m`;
}

function same(text: string): string {
  return text;
}

const COLOURS: Style = {
  bold: colour(1, 22),
  dim: colour(2, 22),
  red: colour(31, 39),
  yellow: colour(33, 39),
  green: colour(32, 39),
  cyan: colour(36, 39),
};

/** Leaves everything as it is. */
export const PLAIN_STYLE: Style = {
  bold: same,
  dim: same,
  red: same,
  yellow: same,
  green: same,
  cyan: same,
};
