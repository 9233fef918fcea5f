// SPDX-License-Identifier: Apache-2.0
import type { FaultPlan, FaultRule } from "./fault-plan.ts";
import { FaultWords, faultSyntaxError } from "./fault-words.ts";

const DEFAULT_SEED = 1;
const DEFAULT_GRACE_MS = 2_000;

/** One fault of the language. */
interface FaultEntry {
  /** A second one would contradict the first. */
  readonly isSingle?: boolean;
  readonly read: (words: FaultWords) => FaultRule;
}

const SCOPED = (words: FaultWords): "all" | "one" => (words.takeWord("one") ? "one" : "all");

const ENTRIES: Readonly<Record<string, FaultEntry>> = {
  drop: {
    read: (words) => ({
      kind: "drop",
      timing: words.requiredTiming(),
      scope: SCOPED(words),
      how: words.takeWord("fin") ? "fin" : "reset",
    }),
  },
  blackhole: {
    read: (words) => ({
      kind: "blackhole",
      timing: words.requiredTiming(),
      forMs: words.span(),
      scope: SCOPED(words),
    }),
  },
  away: {
    read: (words) => ({ kind: "away", timing: words.requiredTiming(), forMs: words.span() }),
  },
  latency: {
    isSingle: true,
    read: (words) => ({ kind: "latency", delay: words.durations() }),
  },
  bandwidth: {
    isSingle: true,
    read: (words) => ({ kind: "bandwidth", bytesPerSecond: words.bytesPerSecond() }),
  },
  rotate: {
    read: (words) => ({
      kind: "rotate",
      timing: words.requiredTiming(),
      graceMs: words.takeWord("grace") ? words.duration() : DEFAULT_GRACE_MS,
      scope: SCOPED(words),
    }),
  },
  end: {
    read: (words) => ({
      kind: "end",
      timing: words.requiredTiming(),
      status: words.status(),
      scope: SCOPED(words),
    }),
  },
  refuse: {
    read: (words) => ({ kind: "refuse", chance: words.chance(), status: words.status() }),
  },
  "ack-delay": {
    isSingle: true,
    read: (words) => ({ kind: "ack-delay", delay: words.durations() }),
  },
  "ack-hold": {
    read: (words) => ({
      kind: "ack-hold",
      timing: words.requiredTiming(),
      forMs: words.span(),
      scope: SCOPED(words),
    }),
  },
  "ack-loss": {
    read: readAckLoss,
  },
  throttle: {
    isSingle: true,
    read: (words) => ({ kind: "throttle", requestsPerSecond: words.perSecond() }),
  },
  token: {
    read: readToken,
  },
};

/** The faults that the language has. */
export const FAULT_NAMES: readonly string[] = Object.keys(ENTRIES);

/**
 * Reads a plan such as `drop=every 5s; rotate=every 30s grace 2s; ack-loss=1%; seed=7`.
 *
 * ```
 * plan   = entry *( ";" entry )          empty entries are passed over
 * entry  = name "=" value | "seed=" NUMBER
 * WHEN   = "every" TIME[..TIME] | "at" TIME
 * TIME   = NUMBER ("ms" | "s" | "m" | "h")
 * BYTES  = NUMBER ("B" | "kB" | "MB" | "KiB" | "MiB")
 * CHANCE = NUMBER "%"
 * STATUS = name of a gRPC status other than OK
 * ```
 * docs/faults.md says what values each name takes. The seed is 1 where none is given.
 * @throws ServerError `invalid_argument` with the place, what was found and what was expected.
 */
export function parseFaults(text: string): FaultPlan {
  const rules: FaultRule[] = [];
  const given = new Set<string>();
  let seed = DEFAULT_SEED;
  let offset = 0;
  for (const part of text.split(";")) {
    const entry = splitEntry(part, offset);
    offset += part.length + 1;
    if (entry === undefined) continue;
    const { name, position, words } = entry;
    const known = Object.hasOwn(ENTRIES, name) ? ENTRIES[name] : undefined;
    if (name === "seed") seed = words.seed();
    else if (known === undefined) throw unknownFault(name, position);
    else rules.push(known.read(words));
    words.end();
    if (given.has(name) && (name === "seed" || known?.isSingle === true)) {
      throw faultSyntaxError(position, JSON.stringify(name), "is given twice; give it once");
    }
    given.add(name);
  }
  if (rules.length === 0) {
    throw faultSyntaxError(
      1,
      JSON.stringify(text),
      `no fault in it; known are ${FAULT_NAMES.join(", ")}`,
    );
  }
  return { seed, rules };
}

interface SplitEntry {
  readonly name: string;
  readonly position: number;
  readonly words: FaultWords;
}

function splitEntry(part: string, offset: number): SplitEntry | undefined {
  const name = (part.split("=", 1)[0] ?? "").trim();
  const position = offset + part.length - part.trimStart().length + 1;
  const equals = part.indexOf("=");
  if (equals >= 0) {
    return { name, position, words: new FaultWords(part.slice(equals + 1), offset + equals + 1) };
  }
  if (name === "") return undefined;
  throw faultSyntaxError(position, JSON.stringify(name), "expected name=value");
}

function unknownFault(name: string, position: number): Error {
  const found = name === "" ? "no name" : JSON.stringify(name);
  return faultSyntaxError(
    position,
    found,
    `not a fault; known are ${FAULT_NAMES.join(", ")} and seed`,
  );
}

function readAckLoss(words: FaultWords): FaultRule {
  if (words.hasChance) return { kind: "ack-chance", chance: words.chance() };
  const timing = words.timing();
  if (timing === undefined)
    throw words.expected("a chance such as 1%, or when, such as `every 30s`");
  return { kind: "ack-loss", timing, scope: SCOPED(words) };
}

function readToken(words: FaultWords): FaultRule {
  const how = words.oneOf(["refuse", "error", "hang", "slow"], "what becomes of token requests");
  const delay = how === "slow" ? words.durations() : { minMs: 0, maxMs: 0 };
  return { kind: "token", how, delay, chance: words.hasChance ? words.chance() : 1 };
}
