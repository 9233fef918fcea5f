// SPDX-License-Identifier: Apache-2.0
import type { ApiHandler } from "../api/api-types.ts";
import type { Call } from "../grpc/grpc-call.ts";

/** What may stand between a server and its clients, to test the clients. A server without one has nothing in between. */
export interface ServerFaults {
  /** Called for each new stream. */
  wrapCall(call: Call): Call;
  /** Called once, when the server starts. */
  wrapTokenEndpoint(handler: ApiHandler): ApiHandler;
}
