// SPDX-License-Identifier: Apache-2.0
import { GRPC_STATUS, type GrpcStatusName } from "@sluice/protocol";
import { ServerError } from "../errors.ts";
import type { DurationRange, FaultTiming } from "./fault-plan.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
};
/** What a timer can wait. */
const MAX_DURATION_MS = 2_147_483_647;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

interface Word {
  readonly text: string;
  /** Of its first character in the whole text, from 1. */
  readonly position: number;
}

/** The words of one fault's value, read from left to right; what cannot be read is an error with its place. */
export class FaultWords {
  readonly #words: readonly Word[];
  readonly #endPosition: number;
  #index = 0;

  /** @param offset - of `text` in the whole text */
  constructor(text: string, offset: number) {
    this.#words = Array.from(text.matchAll(/\S+/g), (match) => ({
      text: match[0],
      position: offset + match.index + 1,
    }));
    this.#endPosition = offset + text.trimEnd().length + 1;
  }

  /** Takes the next word if it is this one. */
  takeWord(word: string): boolean {
    if (this.#words[this.#index]?.text !== word) return false;
    this.#index += 1;
    return true;
  }

  /** Takes one of these words. */
  oneOf<Name extends string>(names: readonly Name[], what: string): Name {
    const text = this.#peek();
    const name = names.find((candidate) => candidate === text);
    if (name === undefined) throw this.expected(`${what}: ${names.join(", ")}`);
    this.#index += 1;
    return name;
  }

  /** `every 5s`, `every 5s..10s` or `at 30s`; `undefined` where neither word comes next. */
  timing(): FaultTiming | undefined {
    if (this.takeWord("every")) return { kind: "every", interval: this.durations() };
    if (this.takeWord("at")) return { kind: "at", atMs: this.duration() };
    return undefined;
  }

  requiredTiming(): FaultTiming {
    const timing = this.timing();
    if (timing === undefined) throw this.expected("when, such as `every 30s` or `at 2m`");
    return timing;
  }

  /** `for 5s`. */
  span(): number {
    if (!this.takeWord("for")) throw this.expected("how long, such as `for 5s`");
    return this.duration();
  }

  /** `5s`. */
  duration(): number {
    return this.#take("a duration such as 200ms, 5s or 2m", durationMs);
  }

  /** `5s` or `1s..5s`. */
  durations(): DurationRange {
    return this.#take("a duration such as 5s, or a range such as 50ms..200ms", (text) => {
      const [low, high, ...more] = text.split("..");
      const minMs = durationMs(low ?? "");
      const maxMs = high === undefined ? minMs : durationMs(high);
      const isRange = minMs !== undefined && maxMs !== undefined && minMs <= maxMs;
      return isRange && more.length === 0 ? { minMs, maxMs } : undefined;
    });
  }

  get hasChance(): boolean {
    return this.#peek()?.endsWith("%") === true;
  }

  /** `10%`, as a share of 1. */
  chance(): number {
    return this.#take("a chance above 0% and up to 100%, such as 10%", (text) => {
      const percent = numberOf(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]);
      return percent === undefined || percent > 100 ? undefined : percent / 100;
    });
  }

  /** `1000/s`. */
  perSecond(): number {
    return this.#take("a rate of requests such as 1000/s", (text) =>
      numberOf(/^(\d+(?:\.\d+)?)\/s$/.exec(text)?.[1]),
    );
  }

  /** `500kB/s`. */
  bytesPerSecond(): number {
    return this.#take("a rate of bytes such as 500kB/s or 2MiB/s", (text) => {
      const match = /^(\d+(?:\.\d+)?)(B|kB|MB|KiB|MiB)\/s$/.exec(text);
      const rate = numberOf(match?.[1]);
      return rate === undefined ? undefined : rate * (UNIT_BYTES[match?.[2] ?? ""] ?? 1);
    });
  }

  /** `with UNAVAILABLE`, or the standard status. */
  status(): GrpcStatusName {
    if (!this.takeWord("with")) return "UNAVAILABLE";
    const names = (Object.keys(GRPC_STATUS) as GrpcStatusName[]).filter((name) => name !== "OK");
    return this.oneOf(names, "a gRPC status");
  }

  seed(): number {
    return this.#take("a whole number from 0 to 4294967295", (text) => {
      const value = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
      return value <= 0xffff_ffff ? value : undefined;
    });
  }

  /** @throws ServerError when a word is left. */
  end(): void {
    if (this.#index < this.#words.length) throw this.expected("nothing more");
  }

  expected(what: string): ServerError {
    const word = this.#words[this.#index];
    return word === undefined
      ? faultSyntaxError(this.#endPosition, "the end", `expected ${what}`)
      : faultSyntaxError(word.position, JSON.stringify(word.text), `expected ${what}`);
  }

  #peek(): string | undefined {
    return this.#words[this.#index]?.text;
  }

  #take<Value>(what: string, read: (text: string) => Value | undefined): Value {
    const text = this.#peek();
    const value = text === undefined ? undefined : read(text);
    if (value === undefined) throw this.expected(what);
    this.#index += 1;
    return value;
  }
}

/** @param position - of the character, from 1 */
export function faultSyntaxError(position: number, found: string, problem: string): ServerError {
  return new ServerError("invalid_argument", `faults: character ${position}, ${found}: ${problem}`);
}

/** A positive duration. */
function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  const value = numberOf(match?.[1]);
  if (value === undefined) return undefined;
  const milliseconds = value * (UNIT_MS[match?.[2] ?? ""] ?? 1);
  return milliseconds >= 1 && milliseconds <= MAX_DURATION_MS ? milliseconds : undefined;
}

/** A number above 0. */
function numberOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return value > 0 ? value : undefined;
}
