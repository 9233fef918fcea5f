// SPDX-License-Identifier: Apache-2.0

/** A part on the way from a column to a leaf: from which level on it is there, in the file and in the table's layout. */
export interface LevelStep {
  readonly fileLevel: number;
  readonly tableLevel: number;
  /** Whether the table lets it be absent: it is nullable, or an element of a list or map. */
  readonly isOptional: boolean;
}

/** Stands for a level at which a part is absent that the table has as NOT NULL. */
export const ABSENT_PART = 255;

/**
 * The definition level in the table's layout for each one of the file. They differ where a part is optional in one and
 * required in the other.
 * @param steps from the column down.
 * @param maxFileLevel the highest that the leaf has in the file.
 */
export function levelMapOf(steps: readonly LevelStep[], maxFileLevel: number): Uint8Array {
  const map = new Uint8Array(maxFileLevel + 1);
  for (let level = 0; level <= maxFileLevel; level += 1) {
    let reached = 0;
    for (const step of steps) {
      if (step.fileLevel > level) {
        if (!step.isOptional) reached = ABSENT_PART;
        break;
      }
      reached = step.tableLevel;
    }
    map[level] = reached;
  }
  return map;
}
