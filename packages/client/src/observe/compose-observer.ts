// SPDX-License-Identifier: Apache-2.0
import { Buffer } from "node:buffer";
import type { EventOrigin } from "../producer/producer-event.ts";
import type { ProducerAuth } from "../producer/producer-options.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";
import { diagnosticsObserver } from "./diagnostics.ts";
import { logEvents } from "./log-events.ts";
import type { Logger } from "./logger.ts";
import { type CombinedObserver, observers } from "./observers.ts";
import type { ProducerMetrics } from "./producer-metrics.ts";

export interface ObservationOptions extends EventOrigin {
  readonly auth: ProducerAuth;
  readonly metrics: ProducerMetrics | undefined;
  readonly logger: Logger | undefined;
  readonly observer: ProducerObserver | undefined;
}

/** Everything that observes a producer, as the one observer it calls: diagnostics channels are always among them. */
export function composeObserver(options: ObservationOptions): CombinedObserver {
  const { endpoint, table, auth, metrics, logger, observer } = options;
  const lines = logger === undefined ? undefined : logEvents(logger, { secrets: secretsOf(auth) });
  return observers(metrics, diagnosticsObserver({ endpoint, table }), lines, observer);
}

/** The texts of an `auth` option that must appear nowhere, for `logEvents` and `openTelemetry`. */
export function secretsOf(auth: ProducerAuth): readonly string[] {
  if (auth === "none" || !("clientSecret" in auth)) return [];
  const { clientId, clientSecret } = auth;
  return [clientSecret, Buffer.from(`${clientId}:${clientSecret}`, "utf8").toString("base64")];
}
