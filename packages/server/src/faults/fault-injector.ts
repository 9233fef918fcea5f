// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";
import type { FaultPlan, TimedRule } from "./fault-plan.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import { counted, type NoticeFault } from "./fault-notice.ts";
import { type FaultEvent, FaultSchedule } from "./fault-schedule.ts";
import { isStreamEvent, type StreamFaults } from "./stream-faults.ts";

export interface FaultInjectorOptions {
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly proxy: FaultProxy;
  readonly streams: StreamFaults;
  readonly onFault: NoticeFault;
  /** Where in the plan to begin. */
  readonly elapsedMs: number;
}

type ConnectionRule = Extract<TimedRule, { kind: "drop" | "blackhole" | "away" }>;

/** Makes the timed faults of a plan happen, each at its time. */
export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  readonly #schedule: FaultSchedule;
  readonly #startedAtMs: number;
  readonly #ends = new Set<() => void>();
  #cancelTimer: (() => void) | undefined;

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
    this.#schedule = new FaultSchedule(options.plan, options.elapsedMs);
    this.#startedAtMs = options.clock.now() - options.elapsedMs;
    this.#waitForNext();
  }

  /** Lets nothing more happen, and ends what goes on. */
  close(): void {
    this.#cancelTimer?.();
    for (const end of this.#ends) end();
    this.#options.streams.close();
  }

  #waitForNext(): void {
    const { next } = this.#schedule;
    if (next === undefined) return;
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#startedAtMs + next.atMs - clock.now());
    this.#cancelTimer = clock.schedule(() => {
      const event = this.#schedule.take();
      if (event !== undefined) this.#apply(event);
      this.#waitForNext();
    }, Math.ceil(delayMs));
  }

  #apply(event: FaultEvent): void {
    if (isStreamEvent(event)) this.#options.streams.apply(event);
    else this.#applyToConnections(event.rule as ConnectionRule, event.pick);
  }

  #applyToConnections(rule: ConnectionRule, pick: number): void {
    const { proxy, onFault } = this.#options;
    switch (rule.kind) {
      case "drop": {
        const count = proxy.drop(rule.scope, pick, rule.how);
        const how = rule.how === "fin" ? "closed" : "reset";
        onFault({ fault: "drop", text: `${counted(count, "connection")} ${how}` });
        return;
      }
      case "blackhole": {
        const { hitCount, release } = proxy.blackhole(rule.scope, pick);
        const text = `${counted(hitCount, "connection")} carry nothing for ${Math.round(rule.forMs)} ms`;
        onFault({ fault: "blackhole", text });
        this.#endAfter(rule.forMs, release);
        return;
      }
      case "away": {
        const { hitCount, comeBack } = proxy.goAway();
        const text = `${counted(hitCount, "connection")} reset, new ones refused for ${Math.round(rule.forMs)} ms`;
        onFault({ fault: "away", text });
        this.#endAfter(rule.forMs, comeBack);
      }
    }
  }

  #endAfter(forMs: number, finish: () => void): void {
    const end = (): void => {
      cancel();
      this.#ends.delete(end);
      finish();
    };
    const cancel = this.#options.clock.schedule(end, forMs);
    this.#ends.add(end);
  }
}
