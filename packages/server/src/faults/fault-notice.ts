// SPDX-License-Identifier: Apache-2.0

/** What a fault did, for whoever watches. Holds no secrets and nothing of what clients sent. */
export interface FaultNotice {
  /** The fault's name in the language, such as `ack-loss`. */
  readonly fault: string;
  /** Such as `8 streams end after 2000 ms`. */
  readonly text: string;
}

export type NoticeFault = (notice: FaultNotice) => void;

/** `1 stream`, `2 streams`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
