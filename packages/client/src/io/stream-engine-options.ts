// SPDX-License-Identifier: Apache-2.0
import type { ChunkPool } from "../core/chunk-pool.ts";
import type { Clock } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { SendPace } from "../core/rate-limiter.ts";
import type { BackoffPolicy } from "../core/retry-policy.ts";
import type { StreamListeners, StreamSettings } from "../core/settings.ts";
import type { CallCredentials } from "./credentials.ts";
import type { EndpointProbe } from "./endpoint-probe.ts";
import type { SessionPool } from "./session-pool.ts";

/** What a stream engine is made of: settings, which are data, and the parts it works with. */
export interface StreamEngineOptions {
  readonly endpoint: Endpoint;
  readonly tableName: string;
  readonly descriptorProto: Uint8Array | undefined;
  readonly settings: StreamSettings;
  readonly listeners: StreamListeners;
  readonly credentials: CallCredentials;
  readonly userAgent: string;
  readonly sessions: SessionPool;
  readonly chunks: ChunkPool;
  readonly clock: Clock;
  readonly backoff: BackoffPolicy;
  readonly random: () => number;
  /** Shapes what is sent, what is sent again too. @default none */
  readonly pace?: SendPace;
  /** Ends waits for an endpoint that took no connection as soon as it takes them. @default waits are waited */
  readonly probe?: EndpointProbe;
  /** Told of what is handed to the socket, once per run of writes; resends included. Bytes are those of the frames. */
  readonly onSent?: (recordCount: number, byteCount: number) => void;
  /** Called when a submission that found no room may find some now: for those who keep such submissions themselves. */
  readonly onRoom?: () => void;
  /** Called after acknowledgements moved forward, before those who wait for them hear of it. */
  readonly onProgress?: () => void;
}

/** Counters of a stream since it was created. */
export interface StreamStatistics {
  /** Ingest calls that got an offset. */
  readonly submittedRequests: number;
  readonly acknowledgedRequests: number;
  readonly acknowledgedRecords: number;
  /** Records sent again after a reconnect. */
  readonly resentRecords: number;
  /** Streams opened after the first one. */
  readonly reconnects: number;
  /** Ingest calls that got an offset and are not acknowledged. */
  readonly unacknowledgedRequests: number;
  readonly unacknowledgedBytes: number;
  /** Ingest calls that wait for room. */
  readonly waitingRequests: number;
  /** Callbacks of the application that threw. */
  readonly callbackErrors: number;
}
