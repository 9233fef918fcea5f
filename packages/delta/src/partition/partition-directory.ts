// SPDX-License-Identifier: Apache-2.0

/** What Hive and Spark name the directory of NULL. */
const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";
/** Longer names are refused by common file systems. */
const MAX_NAME_BYTES = 255;

/**
 * Characters that Spark writes as `%` and two hexadecimal digits in the names of partition directories; NUL too, which
 * no file system takes.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ESCAPED = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g;

/**
 * The directory below the table's that files of a partition go to: `name=value/name=value`, escaped as Spark does. It is
 * a convention only: what counts are the `partitionValues` of the log. So a component that file systems would refuse for
 * its length is cut. The text is a path: it must still be encoded for `add.path`.
 * @param values for each partition column, in order: its name (the physical one under column mapping) and the text of
 *   `partitionValueToText`
 */
export function partitionDirectory(
  values: readonly (readonly [name: string, text: string | null])[],
): string {
  return values
    .map(([name, text]) => {
      const value = text === null || text === "" ? NULL_PARTITION : escaped(text);
      return cut(`${escaped(name)}=${value}`);
    })
    .join("/");
}

function escaped(text: string): string {
  return text.replace(
    ESCAPED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Cuts between characters, and not inside of an escape. */
function cut(component: string): string {
  if (Buffer.byteLength(component) <= MAX_NAME_BYTES) return component;
  let kept = "";
  let byteLength = 0;
  for (const [unit] of component.matchAll(/%[0-9A-F]{2}|[^]/gu)) {
    byteLength += Buffer.byteLength(unit);
    if (byteLength > MAX_NAME_BYTES) break;
    kept += unit;
  }
  return kept;
}
