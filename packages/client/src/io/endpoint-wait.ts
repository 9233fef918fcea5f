// SPDX-License-Identifier: Apache-2.0
import type { Endpoint } from "../core/endpoint.ts";
import type { ZerobusError } from "../core/zerobus-error.ts";
import { nameOf } from "./dial.ts";
import type { EndpointProbe } from "./endpoint-probe.ts";

export interface EndpointWaitOptions {
  readonly endpoint: Endpoint;
  readonly probe: EndpointProbe | undefined;
  /** The endpoint takes connections again. */
  readonly onReachable: () => void;
}

/**
 * A wait of an engine for an endpoint that takes no connection. Nothing is asked for the sake of a stream that has
 * nothing to send.
 */
export class EndpointWait {
  readonly #options: EndpointWaitOptions;
  #unreachable = false;
  #unwatch: (() => void) | undefined;

  constructor(options: EndpointWaitOptions) {
    this.#options = options;
  }

  /** A wait begins, because of `error`. */
  begin(error: ZerobusError, hasRecords: boolean): void {
    const { probe, endpoint } = this.#options;
    if (probe === undefined) return;
    this.#unreachable = error.details.unreachable === nameOf(endpoint);
    if (hasRecords) this.recordsCame();
  }

  /** There is something to send. */
  recordsCame(): void {
    if (!this.#unreachable) return;
    const { probe, onReachable } = this.#options;
    this.#unwatch ??= probe?.watch(onReachable);
  }

  end(): void {
    this.#unreachable = false;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
