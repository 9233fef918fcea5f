// SPDX-License-Identifier: Apache-2.0

/**
 * The table property that sets how long a record may wait for its commit: milliseconds, 100 to 60,000. Without it the
 * server's `commitIntervalMs` holds.
 */
export const COMMIT_INTERVAL_PROPERTY = "sluice.commitIntervalMs";

const MIN_COMMIT_INTERVAL_MS = 100;
const MAX_COMMIT_INTERVAL_MS = 60_000;

/** The commit interval that a table asks for; `undefined` where it asks for none, or what is wrong with it. */
export function commitIntervalOf(
  properties: Readonly<Record<string, string>>,
): number | undefined | { readonly problem: string } {
  const text = properties[COMMIT_INTERVAL_PROPERTY];
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= MIN_COMMIT_INTERVAL_MS && value <= MAX_COMMIT_INTERVAL_MS) return value;
  const problem = `property ${COMMIT_INTERVAL_PROPERTY} is ${JSON.stringify(text)}; it must be a whole number from ${MIN_COMMIT_INTERVAL_MS} to ${MAX_COMMIT_INTERVAL_MS}`;
  return { problem };
}
