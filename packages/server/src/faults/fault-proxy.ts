// SPDX-License-Identifier: Apache-2.0
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { ServerError } from "../errors.ts";
import type { FaultPlan, FaultScope } from "./fault-plan.ts";
import { drawMs, standingFaults } from "./fault-schedule.ts";
import { Link } from "./link.ts";

export interface FaultProxyOptions {
  readonly host: string;
  /** 0 for a free port, which is kept through absences. */
  readonly port: number;
  /** On the loopback address. */
  readonly upstreamPort: number;
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly life: number;
}

/** Another program may hold the port for a moment after an absence. */
const LISTEN_RETRY_MS = 100;

/** A TCP port in front of a server: what it speaks does not matter, its connections can be made to fail. */
export class FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #links = new Set<Link>();
  readonly #nextDelayMs: (() => number) | undefined;
  readonly #bytesPerSecond: number | undefined;
  #server: Server | undefined;
  #port: number;
  #holdCount = 0;
  #awayCount = 0;
  #isClosed = false;
  #cancelRetry: (() => void) | undefined;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#port = options.port;
    const latency = standingFaults(options.plan, "latency", options.life)[0];
    this.#nextDelayMs = latency && (() => drawMs(latency.rule.delay, latency.random));
    this.#bytesPerSecond = standingFaults(options.plan, "bandwidth")[0]?.rule.bytesPerSecond;
  }

  get port(): number {
    return this.#port;
  }

  get connectionCount(): number {
    return this.#links.size;
  }

  /** @throws ServerError `unavailable` when the address cannot be had. */
  async listen(): Promise<void> {
    const { host } = this.#options;
    const server = createServer(
      { noDelay: true, allowHalfOpen: true, pauseOnConnect: true },
      (socket) => this.#accept(socket),
    );
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => {
        this.#server = undefined;
        const message = `cannot listen on ${host}:${this.#port}: ${cause.message}; choose another port or 0 for a free one`;
        reject(new ServerError("unavailable", message, {}, cause));
      });
      server.listen({ host, port: this.#port, backlog: 4096 }, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** @returns how many connections were cut. */
  drop(scope: FaultScope, pick: number, how: "reset" | "fin"): number {
    const links = this.#hit(scope, pick);
    for (const link of links) link.drop(how);
    return links.length;
  }

  /** Makes black holes of connections, and where all are meant of new ones too, until `release` is called once. */
  blackhole(scope: FaultScope, pick: number): { hitCount: number; release: () => void } {
    const links = this.#hit(scope, pick);
    for (const link of links) link.hold();
    if (scope === "all") this.#holdCount += 1;
    const release = (): void => {
      if (scope === "all") this.#holdCount -= 1;
      // Connections that came meanwhile were held as they came.
      for (const link of scope === "all" ? this.#links : links) link.release();
    };
    return { hitCount: links.length, release };
  }

  /** Cuts all connections and refuses new ones until `comeBack` is called once. */
  goAway(): { hitCount: number; comeBack: () => void } {
    const hitCount = this.#links.size;
    this.#awayCount += 1;
    this.#stopListening();
    for (const link of this.#links) link.drop("reset");
    return {
      hitCount,
      comeBack: () => {
        this.#awayCount -= 1;
        this.#listenAgain();
      },
    };
  }

  /** Ends every connection. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#stopListening();
    for (const link of this.#links) link.drop("fin");
  }

  #accept(socket: Socket): void {
    const delays = { clock: this.#options.clock, nextDelayMs: this.#nextDelayMs };
    const link = new Link(socket, {
      upstreamPort: this.#options.upstreamPort,
      toServer: { ...delays, bytesPerSecond: this.#bytesPerSecond },
      toClient: { ...delays, bytesPerSecond: undefined },
      onGone: (gone) => this.#links.delete(gone),
    });
    this.#links.add(link);
    for (let count = 0; count < this.#holdCount; count++) link.hold();
    link.open();
  }

  #hit(scope: FaultScope, pick: number): Link[] {
    const links = [...this.#links];
    return scope === "all" ? links : links.slice(Math.floor(pick * links.length)).slice(0, 1);
  }

  #stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #listenAgain(): void {
    if (this.#isClosed || this.#awayCount > 0 || this.#server !== undefined) return;
    this.listen().catch(() => {
      this.#cancelRetry = this.#options.clock.schedule(() => this.#listenAgain(), LISTEN_RETRY_MS);
    });
  }
}
