// SPDX-License-Identifier: Apache-2.0

/** Largest record the service takes: 10 MiB (the documented 10,485,760 bytes). */
export const MAX_RECORD_BYTES = 10_485_760;

/** Largest gRPC message a server takes: a record of the largest size with its envelope. */
export const MAX_MESSAGE_BYTES: number = MAX_RECORD_BYTES + 65_536;

/**
 * Largest payload of one ingest call, single record or batch total: 10 MiB less 64 KiB for the envelope. The official
 * clients refuse more before sending (`max_ingest_payload_bytes`).
 */
export const MAX_INGEST_PAYLOAD_BYTES = 10_420_224;

/** Most columns a table may have to be written through the service. */
export const MAX_COLUMNS = 2_000;

/** The path of the ephemeral stream call. */
export const EPHEMERAL_STREAM_PATH = "/databricks.zerobus.Zerobus/EphemeralStream";

/** The path of the persistent stream call. */
export const PERSISTENT_STREAM_PATH = "/databricks.zerobus.Zerobus/PersistentStream";

/** The path of the call that retires a persistent stream. */
export const RETIRE_STREAM_PATH = "/databricks.zerobus.Zerobus/RetireStream";

/** The request header that names the table a stream writes to. */
export const TABLE_NAME_HEADER = "x-databricks-zerobus-table-name";
