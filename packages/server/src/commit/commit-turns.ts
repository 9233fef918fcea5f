// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";

/** Ends a turn. Calls after the first do nothing. */
export type EndTurn = () => void;

type Start = (endTurn: EndTurn) => void;

/** Commits that run at one time: enough that one encodes while others wait for the disk. */
const MAX_TURNS = 4;

/** A slow disk must not make the pauses grow without end. */
const MAX_REST_MS = 250;

/**
 * Lets so many tables commit at one time, the first to ask first. A commit of few rows costs nearly as much as one of many,
 * so where more tables want to commit than the machine can take, each place rests as long as its last commit took before
 * it is given on: commits then take half of the time at most, and the files of those who wait grow meanwhile.
 */
export class CommitTurns {
  readonly #clock: Clock;
  /** In the order in which they asked. */
  readonly #waiting = new Map<object, Start>();
  readonly #urgent = new Map<object, Start>();
  #freeCount = MAX_TURNS;
  /** Ends of rests, which an urgent commit cuts short. */
  readonly #rests = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when it is the turn of `table`, with what ends it. A table asks again only after its turn has come.
   * @param isUrgent see {@link CommitTurns.hurry}.
   */
  take(table: object, isUrgent: boolean): Promise<EndTurn> {
    return new Promise((resolve) => {
      this.#waiting.set(table, resolve);
      if (isUrgent) this.hurry(table);
      else this.#startNext();
    });
  }

  /** Somebody is held back until the commit of `table` has ended: it goes before others, and waits for no rest. */
  hurry(table: object): void {
    const start = this.#waiting.get(table);
    if (start === undefined) return;
    this.#waiting.delete(table);
    this.#urgent.set(table, start);
    this.#startNext();
    if (this.#urgent.size === 0) return;
    const [endRest] = this.#rests;
    endRest?.();
  }

  #startNext(): void {
    if (this.#freeCount === 0) return;
    const queue = this.#urgent.size > 0 ? this.#urgent : this.#waiting;
    const next = queue.entries().next();
    if (next.done === true) return;
    const [table, start] = next.value;
    queue.delete(table);
    this.#freeCount--;
    const startedAtMs = this.#clock.now();
    let isOver = false;
    start(() => {
      if (isOver) return;
      isOver = true;
      this.#rest(Math.min(MAX_REST_MS, Math.max(0, this.#clock.now() - startedAtMs)));
    });
  }

  #rest(durationMs: number): void {
    if (durationMs === 0 || this.#urgent.size > 0) {
      this.#free();
      return;
    }
    const endRest = (): void => {
      cancel();
      this.#rests.delete(endRest);
      this.#free();
    };
    const cancel = this.#clock.schedule(endRest, durationMs);
    this.#rests.add(endRest);
  }

  #free(): void {
    this.#freeCount++;
    this.#startNext();
  }
}
