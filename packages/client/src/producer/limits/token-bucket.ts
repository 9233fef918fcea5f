// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import type { RateLimiter, RateLimiterFactory } from "../../core/rate-limiter.ts";

/** Rates that one stream is held to. At least one of the two is given. */
export interface TokenBucketOptions {
  /** From 0.001 to 1e12. @default no limit */
  readonly recordsPerSecond?: number;
  /** From 0.001 to 1e15. @default no limit */
  readonly bytesPerSecond?: number;
  /**
   * Seconds of the rates that may be sent at once after a pause, 0.001 to 3600.
   * @default 0.1: enough that timers do not cost rate, too little for a server to notice
   */
  readonly burstSeconds?: number;
}

/** The documented limits of the hosted service, per stream. */
export const ZEROBUS_LIMITS: Readonly<Required<Omit<TokenBucketOptions, "burstSeconds">>> =
  Object.freeze({ recordsPerSecond: 100_000, bytesPerSecond: 100_000_000 });

const KNOWN_KEYS = ["recordsPerSecond", "bytesPerSecond", "burstSeconds"] as const;
const DEFAULT_BURST_SECONDS = 0.1;

/**
 * Makes limiters for lanes, each with buckets of its own, full at first.
 *
 * A request larger than a bucket waits until the bucket is full and takes it below zero: it passes in the end, and the
 * rate is made good afterwards.
 * @throws ZerobusError `invalid_argument`
 */
export function tokenBucketLimiter(options: "zerobus" | TokenBucketOptions): RateLimiterFactory {
  const { recordsPerSecond, bytesPerSecond, burstSeconds } = resolve(options);
  return () => {
    const records = bucketOf(recordsPerSecond, burstSeconds);
    const bytes = bucketOf(bytesPerSecond, burstSeconds);
    return new TokenBuckets(records, bytes);
  };
}

interface Bucket {
  readonly perMs: number;
  readonly capacity: number;
  tokens: number;
}

class TokenBuckets implements RateLimiter {
  readonly #records: Bucket | undefined;
  readonly #bytes: Bucket | undefined;
  #filledAtMs: number | undefined;

  constructor(records: Bucket | undefined, bytes: Bucket | undefined) {
    this.#records = records;
    this.#bytes = bytes;
  }

  tryTake(recordCount: number, byteCount: number, nowMs: number): number {
    // A clock that went back fills nothing.
    const elapsedMs = Math.max(0, nowMs - (this.#filledAtMs ?? nowMs));
    this.#filledAtMs = Math.max(nowMs, this.#filledAtMs ?? nowMs);
    fill(this.#records, elapsedMs);
    fill(this.#bytes, elapsedMs);
    const waitMs = Math.max(
      waitMsFor(this.#records, recordCount),
      waitMsFor(this.#bytes, byteCount),
    );
    if (waitMs > 0) return waitMs;
    if (this.#records !== undefined) this.#records.tokens -= recordCount;
    if (this.#bytes !== undefined) this.#bytes.tokens -= byteCount;
    return 0;
  }
}

function bucketOf(perSecond: number | undefined, burstSeconds: number): Bucket | undefined {
  if (perSecond === undefined) return undefined;
  const capacity = Math.max(1, perSecond * burstSeconds);
  return { perMs: perSecond / 1000, capacity, tokens: capacity };
}

function fill(bucket: Bucket | undefined, elapsedMs: number): void {
  if (bucket === undefined) return;
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + elapsedMs * bucket.perMs);
}

/** Whole milliseconds, as timers have them; asking again then finds the room. */
function waitMsFor(bucket: Bucket | undefined, count: number): number {
  if (bucket === undefined) return 0;
  const missing = Math.min(count, bucket.capacity) - bucket.tokens;
  return missing <= 0 ? 0 : Math.ceil(missing / bucket.perMs);
}

function resolve(options: "zerobus" | TokenBucketOptions): TokenBucketOptions & {
  readonly burstSeconds: number;
} {
  const given = options === "zerobus" ? ZEROBUS_LIMITS : options;
  if (typeof given !== "object" || given === null) {
    throw invalid(
      `The limits are ${JSON.stringify(options)}; they must be "zerobus" or an object of rates`,
    );
  }
  for (const key of Object.keys(given)) {
    if ((KNOWN_KEYS as readonly string[]).includes(key)) continue;
    throw invalid(`Unknown limit \`${key}\`; known are ${KNOWN_KEYS.join(", ")}`);
  }
  const {
    recordsPerSecond,
    bytesPerSecond,
    burstSeconds = DEFAULT_BURST_SECONDS,
  } = {
    ...given,
  } as TokenBucketOptions;
  if (recordsPerSecond === undefined && bytesPerSecond === undefined) {
    throw invalid(
      'The limits name no rate; give recordsPerSecond or bytesPerSecond, or use "none"',
    );
  }
  if (recordsPerSecond !== undefined) check("recordsPerSecond", recordsPerSecond, 1e12);
  if (bytesPerSecond !== undefined) check("bytesPerSecond", bytesPerSecond, 1e15);
  check("burstSeconds", burstSeconds, 3600);
  return {
    ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    burstSeconds,
  };
}

function check(name: string, value: unknown, max: number): void {
  if (typeof value === "number" && value >= 0.001 && value <= max) return;
  throw invalid(`Limit \`${name}\` is ${String(value)}; it must be a number from 0.001 to ${max}`);
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
