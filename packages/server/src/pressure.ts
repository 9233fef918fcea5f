// SPDX-License-Identifier: Apache-2.0

/** A stage of the record's way that can ask those before it to pause. */
export interface Pressure {
  readonly isSaturated: boolean;
  /** Runs `callback` once when the stage has caught up or has failed. */
  whenRelieved(callback: () => void): void;
}
