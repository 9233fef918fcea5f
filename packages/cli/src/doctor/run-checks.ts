// SPDX-License-Identifier: Apache-2.0
import { messageOf } from "../cli-error.ts";

export type CheckStatus = "ok" | "warn" | "fail" | "skipped";

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus;
  readonly detail: string;
  /** What to do where it is not well. */
  readonly fix?: string;
}

/** One thing that must be so for records to arrive. */
export interface Check {
  readonly what: string;
  /** Checks that must not have failed: this one would only fail again. */
  readonly needs: readonly string[];
  /** May throw: the message is the detail then. */
  readonly run: () => Promise<Finding> | Finding;
}

export interface CheckResult extends Finding {
  readonly what: string;
}

/** Runs checks in their order; those that need one that failed or was skipped are skipped. */
export async function runChecks(
  checks: readonly Check[],
  onResult: (result: CheckResult) => Promise<void>,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { what, needs, run } of checks) {
    const missing = results.find(
      (result) =>
        needs.includes(result.what) && (result.status === "fail" || result.status === "skipped"),
    );
    const finding: Finding =
      missing === undefined
        ? await findingOf(run)
        : { status: "skipped", detail: `needs ${missing.what}` };
    const result = { what, ...finding };
    results.push(result);
    await onResult(result);
  }
  return results;
}

async function findingOf(run: Check["run"]): Promise<Finding> {
  try {
    return await run();
  } catch (reason) {
    return { status: "fail", detail: messageOf(reason) };
  }
}
