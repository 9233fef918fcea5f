// SPDX-License-Identifier: Apache-2.0

/** When the next records are sent. */
export const ACK_STRATEGIES = ["callback", "blocking", "flush"] as const;

export type AckStrategy = (typeof ACK_STRATEGIES)[number];

/** How records go on the wire. */
export const ENCODINGS = ["auto", "proto", "json"] as const;

export type EncodingName = (typeof ENCODINGS)[number];
