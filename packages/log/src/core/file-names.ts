// SPDX-License-Identifier: Apache-2.0

/*
 * Files of a log directory:
 *
 *   segment-<16 digits>.log    a segment; the digits are its index
 *   spare-<16 digits>.log      a file that once was a segment or was made ahead; content meaningless
 *   prepare-<16 digits>.tmp    a file being filled with zeros; removed when the log is opened
 *   lock-<pid>-<random>.sock   the listening socket of the process that holds the log
 */

const DIGIT_COUNT = 16;

/** What a name in the log directory stands for. */
export type LogFileKind = "segment" | "spare" | "prepare";

const AFFIXES: Record<LogFileKind, readonly [prefix: string, suffix: string]> = {
  segment: ["segment-", ".log"],
  spare: ["spare-", ".log"],
  prepare: ["prepare-", ".tmp"],
};

/** The name of the file of this kind and number. */
export function fileNameOf(kind: LogFileKind, number: number): string {
  const [prefix, suffix] = AFFIXES[kind];
  return `${prefix}${String(number).padStart(DIGIT_COUNT, "0")}${suffix}`;
}

/** The numbers of all files of this kind among `names`, ascending. */
export function fileNumbersOf(kind: LogFileKind, names: readonly string[]): number[] {
  const [prefix, suffix] = AFFIXES[kind];
  const numbers: number[] = [];
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const digits = name.slice(prefix.length, name.length - suffix.length);
    const number = Number(digits);
    if (digits.length === DIGIT_COUNT && Number.isSafeInteger(number) && number >= 0) {
      if (fileNameOf(kind, number) === name) numbers.push(number);
    }
  }
  return numbers.toSorted((left, right) => left - right);
}
