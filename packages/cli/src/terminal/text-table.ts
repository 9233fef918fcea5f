// SPDX-License-Identifier: Apache-2.0
import { cutToWidth, displayWidth, printable } from "./display-text.ts";
import type { Style } from "./style.ts";

export interface TextTableColumn {
  readonly title: string;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** Not cut where the line is too short, other columns are. @default false */
  readonly isWhole?: boolean;
}

export interface TextTableOptions {
  /** Cells that a line may take; wide columns are cut to fit. `undefined` where lines may be of any length. */
  readonly width: number | undefined;
  readonly style: Style;
}

const GAP = "  ";
/** No column is cut below this. */
const MIN_COLUMN_WIDTH = 6;

/** Lines of a table: a head, and the rows below it, in aligned columns. */
export function textTable(
  columns: readonly TextTableColumn[],
  rows: readonly (readonly string[])[],
  { width, style }: TextTableOptions,
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => printable(row[index] ?? "")));
  const titles = columns.map(({ title }) => printable(title));
  const natural = titles.map((title, index) =>
    cells.reduce(
      (widest, row) => Math.max(widest, displayWidth(row[index] as string)),
      displayWidth(title),
    ),
  );
  const widths = width === undefined ? natural : fitWidths(natural, columns, width);
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, index) => padded(cell, widths[index] as number, columns[index]?.align ?? "left"))
      .join(GAP)
      .trimEnd();
  return [style.dim(lineOf(titles)), ...cells.map(lineOf)];
}

/** Takes from the widest columns that may be cut until the line fits, or nothing is left to take. */
function fitWidths(
  natural: readonly number[],
  columns: readonly TextTableColumn[],
  lineWidth: number,
): number[] {
  const total = natural.reduce((sum, width) => sum + width, GAP.length * (natural.length - 1));
  const isCut = columns.map(({ isWhole = false }) => !isWhole);
  const cut = cutWidths(
    natural.filter((_, index) => isCut[index]),
    total - lineWidth,
  ).values();
  return natural.map((width, index) =>
    isCut[index] === true ? (cut.next().value ?? width) : width,
  );
}

function cutWidths(natural: readonly number[], cells: number): number[] {
  const widths = [...natural];
  let excess = cells;
  while (excess > 0 && widths.length > 0) {
    const widest = Math.max(...widths);
    if (widest <= MIN_COLUMN_WIDTH) break;
    const atWidest = widths.filter((width) => width === widest).length;
    const next = Math.max(MIN_COLUMN_WIDTH, ...widths.filter((width) => width < widest));
    const cut = Math.min(widest - next, Math.ceil(excess / atWidest));
    for (const [index, width] of widths.entries()) {
      if (width !== widest || excess <= 0) continue;
      const taken = Math.min(cut, excess);
      widths[index] = width - taken;
      excess -= taken;
    }
  }
  return widths;
}

function padded(cell: string, width: number, align: "left" | "right"): string {
  const shown = cutToWidth(cell, width);
  const fill = " ".repeat(Math.max(0, width - displayWidth(shown)));
  return align === "right" ? fill + shown : shown + fill;
}
