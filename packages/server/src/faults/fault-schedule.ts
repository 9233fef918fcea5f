// SPDX-License-Identifier: Apache-2.0
import {
  type DurationRange,
  type FaultPlan,
  isTimed,
  type StandingRule,
  type TimedRule,
} from "./fault-plan.ts";
import { type Random, seededRandom } from "./seeded-random.ts";

/** One happening of a timed rule. */
export interface FaultEvent {
  /** Milliseconds since the start. */
  readonly atMs: number;
  readonly rule: TimedRule;
  /** From 0 to below 1: which of those there are it hits, when the rule hits one. */
  readonly pick: number;
}

/** A standing rule with the numbers that decide about each of its opportunities. */
export interface StandingFault<Kind extends StandingRule["kind"] = StandingRule["kind"]> {
  readonly rule: Extract<StandingRule, { kind: Kind }>;
  readonly random: Random;
}

/** The timed faults of a plan in the order of their times; those of the same time in the order of the plan. */
export class FaultSchedule {
  readonly #lanes: Lane[];

  /** @param fromMs - events before it are passed over, as for a server that is started again in the middle of a plan */
  constructor(plan: FaultPlan, fromMs = 0) {
    this.#lanes = plan.rules.flatMap((rule, index) =>
      isTimed(rule) ? [new Lane(rule, seededRandom(plan.seed, index))] : [],
    );
    for (const lane of this.#lanes) {
      while (lane.next !== undefined && lane.next.atMs < fromMs) lane.advance();
    }
  }

  /** The next event, which {@link FaultSchedule.take} removes. `undefined` when nothing more happens. */
  get next(): FaultEvent | undefined {
    return this.#earliest()?.next;
  }

  take(): FaultEvent | undefined {
    const lane = this.#earliest();
    const event = lane?.next;
    lane?.advance();
    return event;
  }

  #earliest(): Lane | undefined {
    let earliest: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.next === undefined) continue;
      if (earliest?.next === undefined || lane.next.atMs < earliest.next.atMs) earliest = lane;
    }
    return earliest;
  }
}

/**
 * The standing rules of one kind.
 * @param life - which start of the server it is, so that a server started again does not repeat what it drew before
 */
export function standingFaults<Kind extends StandingRule["kind"]>(
  plan: FaultPlan,
  kind: Kind,
  life = 0,
): StandingFault<Kind>[] {
  return plan.rules.flatMap((rule, index) =>
    rule.kind === kind
      ? [
          {
            rule: rule as Extract<StandingRule, { kind: Kind }>,
            random: seededRandom(plan.seed + life, index),
          },
        ]
      : [],
  );
}

/** A duration of the range, evenly drawn. */
export function drawMs({ minMs, maxMs }: DurationRange, random: Random): number {
  return minMs === maxMs ? minMs : minMs + random() * (maxMs - minMs);
}

/** The events of one rule. */
class Lane {
  next: FaultEvent | undefined;
  readonly #rule: TimedRule;
  readonly #random: Random;

  constructor(rule: TimedRule, random: Random) {
    this.#rule = rule;
    this.#random = random;
    const { timing } = rule;
    this.#place(timing.kind === "at" ? timing.atMs : drawMs(timing.interval, random));
  }

  advance(): void {
    const { timing } = this.#rule;
    const before = this.next;
    if (timing.kind === "at" || before === undefined) this.next = undefined;
    else this.#place(before.atMs + drawMs(timing.interval, this.#random));
  }

  #place(atMs: number): void {
    this.next = { atMs, rule: this.#rule, pick: this.#random() };
  }
}
