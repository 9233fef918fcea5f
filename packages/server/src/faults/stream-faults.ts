// SPDX-License-Identifier: Apache-2.0
import type { GrpcStatusName } from "@sluice/protocol";
import type { ApiHandler } from "../api/api-types.ts";
import type { Clock } from "../clock.ts";
import type { Call } from "../grpc/grpc-call.ts";
import type { FaultPlan, FaultScope, TimedRule } from "./fault-plan.ts";
import { type FaultEvent, drawMs, type StandingFault, standingFaults } from "./fault-schedule.ts";
import { counted, type NoticeFault } from "./fault-notice.ts";
import { FaultyCall } from "./faulty-call.ts";
import type { ServerFaults } from "./server-faults.ts";
import { TokenFaults } from "./token-faults.ts";

export interface StreamFaultsOptions {
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly onFault: NoticeFault;
  /** See {@link standingFaults}. */
  readonly life: number;
}

/** Timed faults that befall streams. */
type StreamRule = Extract<TimedRule, { kind: "rotate" | "end" | "ack-hold" | "ack-loss" }>;

export interface StreamEvent extends FaultEvent {
  readonly rule: StreamRule;
}

export function isStreamEvent(event: FaultEvent): event is StreamEvent {
  const { kind } = event.rule;
  return kind === "rotate" || kind === "end" || kind === "ack-hold" || kind === "ack-loss";
}

/** The faults of a server's streams and of its token endpoint. */
export class StreamFaults implements ServerFaults {
  readonly #options: StreamFaultsOptions;
  readonly #calls = new Set<FaultyCall>();
  readonly #tokens: TokenFaults;
  readonly #refusals: StandingFault<"refuse">[];
  readonly #losses: StandingFault<"ack-chance">[];
  readonly #delay: StandingFault<"ack-delay"> | undefined;
  readonly #offsetsPerSecond: number | undefined;
  readonly #releases = new Set<() => void>();
  /** Holds that new streams come under as well. */
  #holdCount = 0;

  constructor(options: StreamFaultsOptions) {
    const { plan, life } = options;
    this.#options = options;
    this.#tokens = new TokenFaults(options);
    this.#refusals = standingFaults(plan, "refuse", life);
    this.#losses = standingFaults(plan, "ack-chance", life);
    this.#delay = standingFaults(plan, "ack-delay", life)[0];
    this.#offsetsPerSecond = standingFaults(plan, "throttle")[0]?.rule.requestsPerSecond;
  }

  wrapCall(inner: Call): Call {
    const delay = this.#delay;
    const call = new FaultyCall(inner, {
      clock: this.#options.clock,
      nextAckDelayMs: () => (delay === undefined ? 0 : drawMs(delay.rule.delay, delay.random)),
      offsetsPerSecond: this.#offsetsPerSecond,
      losesAck: () => this.#losesAck(),
      refusal: () => this.#refusal(),
      onGone: (gone) => this.#calls.delete(gone),
    });
    this.#calls.add(call);
    for (let count = 0; count < this.#holdCount; count++) call.holdAcks();
    return call;
  }

  wrapTokenEndpoint(handler: ApiHandler): ApiHandler {
    return this.#tokens.wrap(handler);
  }

  apply(event: StreamEvent): void {
    const { rule } = event;
    const calls = this.#hit(rule.scope, event.pick);
    const streams = counted(calls.length, "stream");
    switch (rule.kind) {
      case "rotate":
        this.#notice("rotate", `close signal to ${streams}, grace ${Math.round(rule.graceMs)} ms`);
        for (const call of calls) call.rotate(rule.graceMs);
        return;
      case "end":
        this.#notice("end", `${streams} ended with ${rule.status}`);
        for (const call of calls) call.cut(rule.status, "the stream is ended on purpose");
        return;
      case "ack-loss":
        this.#notice("ack-loss", `the next ack of ${streams} is lost`);
        for (const call of calls) call.loseNextAck();
        return;
      case "ack-hold":
        this.#notice("ack-hold", `acks of ${streams} withheld for ${Math.round(rule.forMs)} ms`);
        this.#holdFor(calls, rule.scope, rule.forMs);
    }
  }

  /** Lets go of everything that waits. */
  close(): void {
    for (const release of this.#releases) release();
    this.#tokens.close();
  }

  #hit(scope: FaultScope, pick: number): FaultyCall[] {
    const open = [...this.#calls].filter((call) => call.isOpen);
    return scope === "all" ? open : open.slice(Math.floor(pick * open.length)).slice(0, 1);
  }

  #holdFor(calls: readonly FaultyCall[], scope: FaultScope, forMs: number): void {
    const held = new Set(scope === "all" ? this.#calls : calls);
    for (const call of held) call.holdAcks();
    if (scope === "all") this.#holdCount += 1;
    const release = (): void => {
      cancel();
      this.#releases.delete(release);
      // Streams that came meanwhile were held as they came.
      if (scope === "all") this.#holdCount -= 1;
      for (const call of scope === "all" ? this.#calls : held) call.releaseAcks();
    };
    const cancel = this.#options.clock.schedule(release, forMs);
    this.#releases.add(release);
  }

  #losesAck(): boolean {
    if (!this.#losses.some(({ rule, random }) => random() < rule.chance)) return false;
    this.#notice("ack-loss", "a stream ended in place of its ack");
    return true;
  }

  #refusal(): GrpcStatusName | undefined {
    for (const { rule, random } of this.#refusals) {
      if (random() >= rule.chance) continue;
      this.#notice("refuse", `a stream refused with ${rule.status}`);
      return rule.status;
    }
    return undefined;
  }

  #notice(fault: string, text: string): void {
    this.#options.onFault({ fault, text });
  }
}
