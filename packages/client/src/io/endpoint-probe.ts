// SPDX-License-Identifier: Apache-2.0
import { connect as connectTcp } from "node:net";
import type { Clock, Timer } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { type Environment, proxyForGrpc } from "../core/proxy-selection.ts";

/** Between the end of one try and the next, at random from half of it: a returned endpoint is noticed within this. */
const INTERVAL_MS = 150;
const CONNECT_TIMEOUT_MS = 1_000;

export interface EndpointProbeOptions {
  readonly endpoint: Endpoint;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
}

/**
 * Notices when an endpoint that refused connections, or whose name did not resolve, takes them again: opens a TCP
 * connection and closes it, one at a time however many wait for it, and none while nobody waits. Says nothing of an
 * endpoint behind a proxy, which answers by itself.
 */
export class EndpointProbe {
  readonly #options: EndpointProbeOptions;
  readonly #watchers = new Set<() => void>();
  readonly #isDirect: boolean;
  #timer: Timer | undefined;
  #stopTry: (() => void) | undefined;

  constructor(options: EndpointProbeOptions) {
    const { host, port } = options.endpoint;
    this.#options = options;
    this.#isDirect = proxyForGrpc(options.environment, host, port) === undefined;
  }

  /** Calls back once, when the endpoint takes connections. @returns what gives up */
  watch(onReachable: () => void): () => void {
    if (!this.#isDirect) return () => undefined;
    const watcher = (): void => onReachable();
    this.#watchers.add(watcher);
    if (this.#timer === undefined && this.#stopTry === undefined) this.#wait();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#stopTry?.();
    };
  }

  #wait(): void {
    const delayMs = INTERVAL_MS * (0.5 + this.#options.random() / 2);
    this.#timer = this.#options.clock.startTimer(delayMs, () => {
      this.#timer = undefined;
      this.#try();
    });
  }

  #try(): void {
    const { endpoint, clock } = this.#options;
    const socket = connectTcp({ host: endpoint.host, port: endpoint.port });
    let isOver = false;
    const end = (isReachable: boolean): void => {
      if (isOver) return;
      isOver = true;
      timeout.cancel();
      this.#stopTry = undefined;
      socket.destroy();
      if (isReachable) this.#tell();
      else if (this.#watchers.size > 0) this.#wait();
    };
    const timeout = clock.startTimer(CONNECT_TIMEOUT_MS, () => end(false));
    this.#stopTry = () => end(false);
    socket.once("connect", () => end(true));
    socket.on("error", () => end(false));
  }

  #tell(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}
