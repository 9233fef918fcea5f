// SPDX-License-Identifier: Apache-2.0

/** Virtual slots that keys are spread over. */
export const SLOT_COUNT = 1024;

const NOWHERE = -1;

/** Where the slots of a lane stand: tells how much of it is settled. */
export type SettledNext = (lane: number) => number;

/**
 * Which lane each slot belongs to. A slot moves only when every record of it that was submitted before is settled, and
 * is held until then, so that records of one key never pass each other.
 */
export class SlotTable {
  readonly #owners = new Int32Array(SLOT_COUNT);
  readonly #targets: Int32Array = new Int32Array(SLOT_COUNT).fill(NOWHERE);
  /** Sequence behind the slot's last record in its lane. */
  readonly #lastNext = new Float64Array(SLOT_COUNT);
  /** Calls of the slot that wait for room in its lane. */
  readonly #waiting = new Uint32Array(SLOT_COUNT);
  readonly #held = new Set<number>();

  get heldCount(): number {
    return this.#held.size;
  }

  ownerOf(slot: number): number {
    return this.#owners[slot] as number;
  }

  /** Whether calls of the slot must wait for its move. */
  isHeld(slot: number): boolean {
    return (this.#targets[slot] as number) !== NOWHERE;
  }

  submitted(slot: number, sequence: number): void {
    this.#lastNext[slot] = sequence + 1;
  }

  queued(slot: number): void {
    this.#waiting[slot] = (this.#waiting[slot] as number) + 1;
  }

  unqueued(slot: number): void {
    this.#waiting[slot] = (this.#waiting[slot] as number) - 1;
  }

  /** Spreads the slots evenly over `lanes`, moving as few as it takes. Slots with records under way are held. */
  spread(lanes: readonly number[], settledNext: SettledNext): void {
    for (const { slot, to } of plannedMoves(this.#destinations(), lanes)) {
      if (to === this.ownerOf(slot)) {
        this.#targets[slot] = NOWHERE;
        this.#held.delete(slot);
      } else {
        this.#targets[slot] = to;
        this.#held.add(slot);
      }
    }
    this.release(settledNext);
  }

  /** Moves the held slots that may; returns them. */
  release(settledNext: SettledNext): number[] {
    const moved: number[] = [];
    for (const slot of this.#held) {
      const settled = settledNext(this.ownerOf(slot)) >= (this.#lastNext[slot] as number);
      if (!settled || (this.#waiting[slot] as number) > 0) continue;
      this.#owners[slot] = this.#targets[slot] as number;
      this.#targets[slot] = NOWHERE;
      this.#lastNext[slot] = 0;
      this.#held.delete(slot);
      moved.push(slot);
    }
    return moved;
  }

  /** Whether slots belong to the lane or are on their way to it. */
  uses(lane: number): boolean {
    return this.#owners.includes(lane) || this.#targets.includes(lane);
  }

  #destinations(): number[] {
    return Array.from(this.#owners, (owner, slot) =>
      this.isHeld(slot) ? (this.#targets[slot] as number) : owner,
    );
  }
}

interface Move {
  readonly slot: number;
  readonly to: number;
}

/** The fewest moves that leave every lane with its share, one more for the first ones. */
function plannedMoves(destinations: readonly number[], lanes: readonly number[]): Move[] {
  const slotsOf = new Map<number, number[]>(lanes.map((lane) => [lane, []]));
  const homeless: number[] = [];
  destinations.forEach((lane, slot) => {
    (slotsOf.get(lane) ?? homeless).push(slot);
  });
  const share = Math.floor(destinations.length / lanes.length);
  let extra = destinations.length - share * lanes.length;
  const open: { readonly lane: number; room: number }[] = [];
  const byCount = [...slotsOf].sort(([, left], [, right]) => right.length - left.length);
  for (const [lane, slots] of byCount) {
    const limit = share + (extra > 0 ? 1 : 0);
    if (extra > 0) extra--;
    homeless.push(...slots.splice(limit));
    if (slots.length < limit) open.push({ lane, room: limit - slots.length });
  }
  const moves: Move[] = [];
  for (const { lane, room } of open) {
    for (const slot of homeless.splice(0, room)) moves.push({ slot, to: lane });
  }
  return moves;
}
