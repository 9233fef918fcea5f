// SPDX-License-Identifier: Apache-2.0
import { systemClock } from "../clock.ts";
import { resolveServerOptions, type ServerOptions } from "../options.ts";
import { endpointOf, type ServerComponents, type SluiceServer, startServer } from "../server.ts";
import { FaultInjector } from "./fault-injector.ts";
import type { NoticeFault } from "./fault-notice.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { StreamFaults } from "./stream-faults.ts";

export interface FaultOptions {
  /** Called for each fault that happens. @default nothing is said */
  readonly onFault?: NoticeFault;
  /**
   * Milliseconds of the plan that have passed, for a server that is started again in the middle of it.
   * @default 0
   */
  readonly elapsedMs?: number;
  /** How often the server was started before with this plan: what is left to chance is drawn anew. @default 0 */
  readonly life?: number;
}

/**
 * Starts a server whose clients meet with the faults of a plan. Its port is that of a TCP stage before the server itself,
 * which listens on a free port of the loopback address. The plan's time begins when the server is ready.
 * @throws as {@link startServer}
 */
export async function startFaultyServer(
  options: ServerOptions,
  plan: FaultPlan,
  faultOptions: FaultOptions = {},
  components: Omit<ServerComponents, "faults"> = {},
): Promise<SluiceServer> {
  const { host, port, tls } = resolveServerOptions(options);
  const { onFault = () => undefined, elapsedMs = 0, life = 0 } = faultOptions;
  const clock = components.clock ?? systemClock;
  const streams = new StreamFaults({ plan, clock, onFault, life });
  const server = await startServer(
    { ...options, host: "127.0.0.1", port: 0 },
    { ...components, faults: streams },
  );
  const proxy = new FaultProxy({ host, port, upstreamPort: server.port, plan, clock, life });
  try {
    await proxy.listen();
  } catch (reason) {
    await server.close();
    throw reason;
  }
  const injector = new FaultInjector({ plan, clock, proxy, streams, onFault, elapsedMs });
  const endpoint = endpointOf(host, proxy.port, tls !== undefined);
  let closing: Promise<void> | undefined;
  return {
    ...server,
    host,
    port: proxy.port,
    endpoint,
    workspaceUrl: endpoint,
    get streamCount() {
      return server.streamCount;
    },
    close: () => {
      closing ??= closeAll(injector, server, proxy);
      return closing;
    },
  };
}

async function closeAll(
  injector: FaultInjector,
  server: SluiceServer,
  proxy: FaultProxy,
): Promise<void> {
  injector.close();
  try {
    await server.close();
  } finally {
    proxy.close();
  }
}
