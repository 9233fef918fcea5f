// SPDX-License-Identifier: Apache-2.0

/** `RecordType` of the wire contract. */
export const RECORD_TYPE = { UNSPECIFIED: 0, PROTO: 1, JSON: 2, AVRO: 4 } as const;

/** How the records of a stream are encoded. */
export type RecordFormat = "proto" | "json" | "avro";
