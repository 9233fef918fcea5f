// SPDX-License-Identifier: Apache-2.0
import type { ApiHandler, ApiResponse } from "../api/api-types.ts";
import type { Clock } from "../clock.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { NoticeFault } from "./fault-notice.ts";
import { drawMs, type StandingFault, standingFaults } from "./fault-schedule.ts";

export interface TokenFaultsOptions {
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly onFault: NoticeFault;
  readonly life: number;
}

/** A request that hangs is let go after this long: its connection has been ended by then. */
const HANG_MS = 60_000;

/** Refuses, breaks, hangs or slows token requests. */
export class TokenFaults {
  readonly #options: TokenFaultsOptions;
  readonly #faults: StandingFault<"token">[];
  readonly #waiting = new Set<() => void>();

  constructor(options: TokenFaultsOptions) {
    this.#options = options;
    this.#faults = standingFaults(options.plan, "token", options.life);
  }

  wrap(handler: ApiHandler): ApiHandler {
    return async (request) => (await this.#answer()) ?? handler(request);
  }

  /** Lets go of every request that waits. */
  close(): void {
    for (const release of this.#waiting) release();
  }

  /** The answer in place of the endpoint's, if there is one. */
  async #answer(): Promise<ApiResponse | undefined> {
    const fault = this.#faults.find(({ rule, random }) => random() < rule.chance);
    if (fault === undefined) return undefined;
    const { how, delay } = fault.rule;
    switch (how) {
      case "refuse":
        this.#notice("a request refused with 401");
        return oauthFailure(401, "invalid_client", "chaos: the client is refused on purpose");
      case "error":
        this.#notice("a request answered with 500");
        return oauthFailure(500, "server_error", "chaos: the endpoint fails on purpose");
      case "hang":
        this.#notice("a request is not answered");
        await this.#wait(HANG_MS);
        return oauthFailure(
          503,
          "temporarily_unavailable",
          "chaos: the request was held on purpose",
        );
      case "slow": {
        const delayMs = drawMs(delay, fault.random);
        this.#notice(`a request is answered ${Math.round(delayMs)} ms late`);
        await this.#wait(delayMs);
        return undefined;
      }
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        cancel();
        this.#waiting.delete(release);
        resolve();
      };
      const cancel = this.#options.clock.schedule(release, delayMs);
      this.#waiting.add(release);
    });
  }

  #notice(text: string): void {
    this.#options.onFault({ fault: "token", text });
  }
}

/** RFC 6749, section 5.2. */
function oauthFailure(status: number, error: string, description: string): ApiResponse {
  return { status, body: { error, error_description: description } };
}
