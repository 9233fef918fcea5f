// SPDX-License-Identifier: Apache-2.0
import { RecordType, ZerobusSdk, type ZerobusStream } from "@sluice/client";
import type { ReadyLine } from "./server-process.ts";

/** What is put through the faults. */
export interface ChaosClient {
  /** Resolves when the record is taken. Records of one key keep their order. */
  submit(key: number, record: string): Promise<void>;
  /** Resolves when everything taken is acknowledged. */
  close(): Promise<void>;
  readonly acknowledgedCount: number;
  readonly reconnectCount: number;
}

const RETRY_FOREVER = 2_147_483_647;

/** Records spread over streams by their key, one connection per stream. */
export async function openStreamClient(
  server: ReadyLine,
  table: string,
  laneCount: number,
): Promise<ChaosClient> {
  let acknowledgedCount = 0;
  const sdk = new ZerobusSdk(server.endpoint, server.endpoint, {
    connectionPerStream: true,
    connectTimeoutMs: 1_000,
    keepaliveIntervalMs: 500,
    keepaliveTimeoutMs: 500,
    tokenTimeoutMs: 1_000,
  });
  const open = (): Promise<ZerobusStream> =>
    sdk.createStream({ tableName: table }, server.clientId, server.clientSecret, {
      recordType: RecordType.Json,
      recoveryBackoffMs: 50,
      recoveryRetries: RETRY_FOREVER,
      recoveryTimeoutMs: 2_000,
      serverLackOfAckTimeoutMs: 2_000,
      maxInflightRequests: 5_000,
      onAck: () => {
        acknowledgedCount += 1;
      },
    });
  const lanes = await Promise.all(Array.from({ length: laneCount }, open));
  return {
    async submit(key, record) {
      await (lanes[key % laneCount] as ZerobusStream).ingestRecordOffset(record);
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
    get acknowledgedCount() {
      return acknowledgedCount;
    },
    get reconnectCount() {
      return lanes.reduce((total, lane) => total + lane.reconnects, 0);
    },
  };
}
