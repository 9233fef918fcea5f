// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { Flow, type FlowOptions } from "./flow.ts";

export interface LinkOptions {
  readonly upstreamPort: number;
  readonly toServer: FlowOptions;
  readonly toClient: FlowOptions;
  readonly onGone: (link: Link) => void;
}

/** One connection of a client, and the one to the server that belongs to it. */
export class Link {
  readonly #client: Socket;
  readonly #options: LinkOptions;
  #upstream: Socket | undefined;
  #flows: Flow[] = [];
  #holdCount = 0;
  #isGone = false;

  constructor(client: Socket, options: LinkOptions) {
    this.#client = client;
    this.#options = options;
    client.on("error", () => undefined);
    client.once("close", (hadError) => this.#onClose(this.#upstream, hadError));
  }

  /** Connects to the server, unless the link is held: then when it is released. */
  open(): void {
    if (this.#holdCount > 0 || this.#upstream !== undefined || this.#isGone) return;
    const { upstreamPort, toServer, toClient } = this.#options;
    const client = this.#client;
    const upstream = connect({
      host: "127.0.0.1",
      port: upstreamPort,
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#upstream = upstream;
    upstream.on("error", () => undefined);
    upstream.once("close", (hadError) => this.#onClose(client, hadError));
    this.#flows = [new Flow(client, upstream, toServer), new Flow(upstream, client, toClient)];
  }

  /** Carries nothing until as many calls of {@link Link.release}. */
  hold(): void {
    this.#holdCount += 1;
    for (const flow of this.#flows) flow.hold();
  }

  release(): void {
    this.#holdCount -= 1;
    for (const flow of this.#flows) flow.release();
    this.open();
  }

  drop(how: "reset" | "fin"): void {
    const sockets = [this.#client, this.#upstream];
    for (const socket of sockets) {
      if (how === "reset") socket?.resetAndDestroy();
      else socket?.destroySoon();
    }
  }

  /** When one side is gone for good the other goes too: after what was under way, or at once after an error. */
  #onClose(other: Socket | undefined, hadError: boolean): void {
    if (hadError) other?.resetAndDestroy();
    if (other === undefined || other.destroyed) this.#end();
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const flow of this.#flows) flow.stop();
    this.#options.onGone(this);
  }
}
