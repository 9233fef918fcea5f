// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import { integerInRange } from "../core/settings.ts";
import { toZerobusError, type ZerobusError } from "../core/zerobus-error.ts";
import { compareSchemas, type SchemaDifference } from "./compare-schemas.ts";
import type { TableSchema } from "./table-schema.ts";

/** What a watch found: the table's schema as it is now, and what it has otherwise than the one that records are made for. */
export interface SchemaDrift {
  readonly schema: TableSchema;
  /** Empty when the table is again as records expect it. */
  readonly differences: readonly SchemaDifference[];
}

export interface SchemaWatchOptions {
  /** The schema that records are made for. */
  readonly schema: TableSchema;
  /** Fetches the table's schema as it is now. */
  readonly fetch: () => Promise<TableSchema>;
  /** Called once per change, not at every fetch that finds it. */
  readonly onDrift: (drift: SchemaDrift) => void;
  /** Called for each fetch that failed; the next comes at its time. */
  readonly onError?: (error: ZerobusError) => void;
  /**
   * Milliseconds between fetches, less up to a fifth at random so that producers do not come in step; 1,000 to one day.
   * @default 300_000
   */
  readonly intervalMs?: number;
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
}

const DEFAULT_INTERVAL_MS = 300_000;
const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 86_400_000;
const MAX_JITTER = 0.2;

type WatchState =
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "fetching" }
  | { readonly kind: "closed" };

/**
 * Compares a table with the schema that records are made for, again and again, and reports each change once. One fetch
 * is under way at most. Its timer keeps the process alive until {@link SchemaWatch.close}.
 */
export class SchemaWatch {
  readonly #options: SchemaWatchOptions;
  readonly #intervalMs: number;
  #state: WatchState;
  /** The differences that were reported last, as text. */
  #reported = "[]";

  /** @throws ZerobusError `invalid_argument` */
  constructor(options: SchemaWatchOptions) {
    this.#options = options;
    this.#intervalMs = integerInRange(
      "Schema watch option `intervalMs`",
      options.intervalMs ?? DEFAULT_INTERVAL_MS,
      MIN_INTERVAL_MS,
      MAX_INTERVAL_MS,
    );
    this.#state = this.#wait();
  }

  /** Stops. What a fetch that is under way finds is not reported. */
  close(): void {
    if (this.#state.kind === "waiting") this.#state.timer.cancel();
    this.#state = { kind: "closed" };
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Compares now instead of at the next time; resolves when that is done. Without effect while one is under way. */
  async check(): Promise<void> {
    if (this.#state.kind !== "waiting") return;
    this.#state.timer.cancel();
    this.#state = { kind: "fetching" };
    let outcome: TableSchema | ZerobusError;
    try {
      outcome = await this.#options.fetch();
    } catch (error) {
      outcome = toZerobusError(error);
    }
    // Closed while it waited for the answer.
    if ((this.#state as WatchState).kind === "closed") return;
    this.#state = this.#wait();
    if (outcome instanceof Error) this.#options.onError?.(outcome);
    else this.#compare(outcome);
  }

  #compare(schema: TableSchema): void {
    const differences = compareSchemas(this.#options.schema, schema);
    const text = JSON.stringify(differences);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onDrift({ schema, differences });
  }

  #wait(): WatchState {
    const delayMs = this.#intervalMs * (1 - MAX_JITTER * this.#options.random());
    const timer = this.#options.clock.startTimer(delayMs, () => {
      // Only a callback of the application's can fail here; it must not end the process.
      this.check().catch(() => undefined);
    });
    return { kind: "waiting", timer };
  }
}
