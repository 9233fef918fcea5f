// SPDX-License-Identifier: Apache-2.0

/** A member of statistics: of the columns' names, with trees below STRUCT columns. */
export interface JsonTree {
  readonly [name: string]: unknown;
}

/**
 * Statistics of a file as `add.stats` has them. A number of more than 15 digits, which a double may not hold, is given as
 * its text.
 */
export interface ParsedStatistics {
  /** Rows in the file, deleted ones too. */
  readonly numRecords: number | undefined;
  readonly minValues: JsonTree;
  readonly maxValues: JsonTree;
  readonly nullCount: JsonTree;
  /** `false` where rows have been deleted since the bounds were taken: they are bounds still. */
  readonly tightBounds: boolean;
}

/**
 * Reads the JSON text of `add.stats`. Statistics only serve to leave out files, so a text that is no object is no
 * statistics, and a member of another kind than the protocol's is absent.
 */
export function parseStatistics(text: string | undefined): ParsedStatistics | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(LONG_NUMBER.test(text) ? withQuotedNumbers(text) : text);
  } catch {
    return undefined;
  }
  if (!isTree(value)) return undefined;
  const numRecords = value["numRecords"];
  return {
    numRecords: typeof numRecords === "number" && numRecords >= 0 ? numRecords : undefined,
    minValues: treeIn(value, "minValues"),
    maxValues: treeIn(value, "maxValues"),
    nullCount: treeIn(value, "nullCount"),
    tightBounds: value["tightBounds"] !== false,
  };
}

/** What a tree has at a path of names, `undefined` where it ends before. */
export function valueAt(tree: JsonTree, path: readonly string[]): unknown {
  let value: unknown = tree;
  for (const name of path) {
    if (!isTree(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Sixteen digits in a row, a point between them or not: inside of a text they do no harm but cost a second look. */
const LONG_NUMBER = /\d(?:\.?\d){15}/;
/** Texts are matched to be skipped. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;

function withQuotedNumbers(text: string): string {
  return text.replace(TEXT_OR_NUMBER, (token) =>
    token.startsWith('"') || !LONG_NUMBER.test(token) ? token : `"${token}"`,
  );
}

function treeIn(value: JsonTree, name: string): JsonTree {
  const tree = value[name];
  return isTree(tree) ? tree : {};
}

function isTree(value: unknown): value is JsonTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
