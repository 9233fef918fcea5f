// SPDX-License-Identifier: Apache-2.0
import type { FieldPath } from "@sluice/delta";

/**
 * Reads columns as SQL writes them: names separated by commas, `a.b` for a field of a STRUCT, and a name with a dot, a
 * comma, a space or a backtick in it between backticks, with those in it doubled.
 * @returns the path of each, or what is wrong.
 */
export function parseColumnPaths(text: string): readonly FieldPath[] | string {
  const paths: string[][] = [];
  const part = /\s*(?:`((?:[^`]|``)+)`|([^`.,]*[^`.,\s]))\s*([.,]|$)/uy;
  let path: string[] = [];
  while (part.lastIndex < text.length || path.length > 0 || paths.length === 0) {
    const start = part.lastIndex;
    const match = part.exec(text);
    if (match === null) return `no column name at ${JSON.stringify(text.slice(start))}`;
    path.push(match[1]?.replaceAll("``", "`") ?? (match[2] as string));
    if (match[3] === ".") continue;
    paths.push(path);
    path = [];
    if (match[3] === "") return paths;
  }
  return "it ends with a comma";
}

/** A path as {@link parseColumnPaths} reads it. */
export function columnPathText(path: FieldPath): string {
  return path
    .map((name) => (/^[^`.,\s]+$/u.test(name) ? name : `\`${name.replaceAll("`", "``")}\``))
    .join(".");
}
