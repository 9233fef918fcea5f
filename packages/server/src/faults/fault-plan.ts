// SPDX-License-Identifier: Apache-2.0
import type { GrpcStatusName } from "@sluice/protocol";

/** Milliseconds, drawn evenly from both ends inclusive; equal ends make it exact. */
export interface DurationRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** When a fault happens, counted from the start: again and again, or once. */
export type FaultTiming =
  | { readonly kind: "every"; readonly interval: DurationRange }
  | { readonly kind: "at"; readonly atMs: number };

/** Whom a fault hits that is not everybody's: every connection or stream there is, or one picked by the seed. */
export type FaultScope = "all" | "one";

/** Faults that happen at times of their own. */
export type TimedRule =
  /** Connections are cut: with a reset, or closed in order. */
  | {
      readonly kind: "drop";
      readonly timing: FaultTiming;
      readonly scope: FaultScope;
      readonly how: "reset" | "fin";
    }
  /** Connections stay open, new ones are taken, and nothing is read or answered. */
  | {
      readonly kind: "blackhole";
      readonly timing: FaultTiming;
      readonly scope: FaultScope;
      readonly forMs: number;
    }
  /** Connections are cut and new ones refused. */
  | { readonly kind: "away"; readonly timing: FaultTiming; readonly forMs: number }
  /** Streams get the close signal with this grace; those that are still there after it end with UNAVAILABLE. */
  | {
      readonly kind: "rotate";
      readonly timing: FaultTiming;
      readonly scope: FaultScope;
      readonly graceMs: number;
    }
  /** Streams end with a status. */
  | {
      readonly kind: "end";
      readonly timing: FaultTiming;
      readonly scope: FaultScope;
      readonly status: GrpcStatusName;
    }
  /** Acks are withheld; what is durable meanwhile is acknowledged afterwards. */
  | {
      readonly kind: "ack-hold";
      readonly timing: FaultTiming;
      readonly scope: FaultScope;
      readonly forMs: number;
    }
  /** The next ack is not sent: its records are durable and the stream ends with UNAVAILABLE. */
  | { readonly kind: "ack-loss"; readonly timing: FaultTiming; readonly scope: FaultScope };

/** Faults that are there all the time, or befall each of something with a chance. */
export type StandingRule =
  /** What a connection carries arrives so much later, both ways. */
  | { readonly kind: "latency"; readonly delay: DurationRange }
  /** Most bytes per second from the client, per connection. */
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /** New streams are refused. */
  | { readonly kind: "refuse"; readonly chance: number; readonly status: GrpcStatusName }
  | { readonly kind: "ack-delay"; readonly delay: DurationRange }
  /** As the timed one, for each ack. */
  | { readonly kind: "ack-chance"; readonly chance: number }
  /** Most requests acknowledged per second, per stream, without any error. */
  | { readonly kind: "throttle"; readonly requestsPerSecond: number }
  /** Token requests are refused (401), answered with 500, not answered, or answered late. */
  | {
      readonly kind: "token";
      readonly how: "refuse" | "error" | "hang" | "slow";
      readonly chance: number;
      /** For `slow`. */
      readonly delay: DurationRange;
    };

export type FaultRule = TimedRule | StandingRule;

/** What is to go wrong. The same plan gives the same faults. */
export interface FaultPlan {
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}

export function isTimed(rule: FaultRule): rule is TimedRule {
  return "timing" in rule;
}

/** The plan with all its times divided by `factor`: an hour's faults in a minute with 60. Rates and chances stay. */
export function compressFaults(plan: FaultPlan, factor: number): FaultPlan {
  return { seed: plan.seed, rules: plan.rules.map((rule) => compressRule(rule, factor)) };
}

function compressRule(rule: FaultRule, factor: number): FaultRule {
  const compressed = isTimed(rule)
    ? { ...rule, timing: compressTiming(rule.timing, factor) }
    : { ...rule };
  if ("forMs" in compressed) return { ...compressed, forMs: compressed.forMs / factor };
  if ("graceMs" in compressed) return { ...compressed, graceMs: compressed.graceMs / factor };
  if ("delay" in compressed) {
    return { ...compressed, delay: compressRange(compressed.delay, factor) };
  }
  return compressed;
}

function compressTiming(timing: FaultTiming, factor: number): FaultTiming {
  return timing.kind === "at"
    ? { kind: "at", atMs: timing.atMs / factor }
    : { kind: "every", interval: compressRange(timing.interval, factor) };
}

function compressRange({ minMs, maxMs }: DurationRange, factor: number): DurationRange {
  return { minMs: minMs / factor, maxMs: maxMs / factor };
}
