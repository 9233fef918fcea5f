// SPDX-License-Identifier: Apache-2.0
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { hasSystemCode, messageOf } from "../cli-error.ts";
import type { Check, Finding } from "./run-checks.ts";

/** What there is to reach. */
export interface NetworkTarget {
  /** In front of the names of the checks. */
  readonly name: string;
  readonly url: URL;
  readonly certificates: Buffer | undefined;
  readonly timeoutMs: number;
}

const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 14;

/** From the name to HTTP/2. */
export function networkChecks(target: NetworkTarget, needsHttp2: boolean): Check[] {
  const { name, url } = target;
  const [dns, tcp, tls] = [`${name} name`, `${name} TCP`, `${name} TLS`];
  return [
    { what: dns, needs: [], run: () => checkName(hostOf(url)) },
    { what: tcp, needs: [dns], run: () => checkTcp(target) },
    { what: tls, needs: [tcp], run: () => checkTls(target) },
    ...(needsHttp2
      ? [{ what: `${name} HTTP/2`, needs: [tls], run: () => checkHttp2(target) }]
      : []),
  ];
}

export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

async function checkName(host: string): Promise<Finding> {
  if (isIP(host) !== 0) return { status: "ok", detail: `${host} is an address` };
  try {
    const addresses = await lookup(host, { all: true });
    return {
      status: "ok",
      detail: `${host} is ${addresses.map((found) => found.address).join(", ")}`,
    };
  } catch (cause) {
    const isUnknown = hasSystemCode(cause, "ENOTFOUND");
    return {
      status: "fail",
      detail: isUnknown ? `${host} has no address` : messageOf(cause),
      fix: isUnknown
        ? "check the spelling of the host, and that its region and workspace id are right; in a private network, its DNS zone"
        : "check the resolver of this machine",
    };
  }
}

async function checkTcp({ url, timeoutMs }: NetworkTarget): Promise<Finding> {
  const [host, port] = [hostOf(url), portOf(url)];
  const startedAtMs = performance.now();
  const socket = connectTcp({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
    const ms = Math.round(performance.now() - startedAtMs);
    return { status: "ok", detail: `${host}:${port} takes connections (${ms} ms)` };
  } catch (cause) {
    const isRefused = hasSystemCode(cause, "ECONNREFUSED");
    return {
      status: "fail",
      detail: `${host}:${port}: ${timedOut(cause) ? `no answer within ${timeoutMs} ms` : firstMessage(cause)}`,
      fix: isRefused
        ? "nothing listens there: start the server, or check the port"
        : "a firewall or a missing route: let this machine connect to that host and port",
    };
  } finally {
    socket.destroy();
  }
}

async function checkTls(target: NetworkTarget): Promise<Finding> {
  const { url, certificates, timeoutMs } = target;
  if (url.protocol === "http:") {
    const host = hostOf(url);
    const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
    if (isLocal) return { status: "ok", detail: "none, which is right for this machine" };
    return {
      status: "warn",
      detail: `none: records and credentials for ${host} can be read on the way`,
      fix: "use https; `sluice dev` takes --tls-cert and --tls-key",
    };
  }
  const host = hostOf(url);
  const socket = connectTls({
    host,
    port: portOf(url),
    ALPNProtocols: ["h2", "http/1.1"],
    // What is wrong is read from the certificate below.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificates === undefined ? {} : { ca: certificates }),
  });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(timeoutMs) });
    return certificateFinding(socket, host);
  } catch (cause) {
    return {
      status: "fail",
      detail: timedOut(cause) ? `no handshake within ${timeoutMs} ms` : firstMessage(cause),
      fix: "is it a port for TLS? without TLS, write the address with http://",
    };
  } finally {
    socket.destroy();
  }
}

/** The codes that OpenSSL has for what is wrong with a chain. */
const CHAIN_FIXES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the certificate is signed by itself: pass it with --ca FILE or SSL_CERT_FILE",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the chain ends in an unknown root, of a company or a proxy that looks into TLS: pass the root with --ca FILE or SSL_CERT_FILE",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the server does not send its intermediate certificates, or its root is unknown: pass them with --ca FILE or SSL_CERT_FILE",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the root is unknown: pass it with --ca FILE or SSL_CERT_FILE",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate is for other names: use one of them as host, or a certificate with this one",
  CERT_HAS_EXPIRED: "the server needs a new certificate; or the clock of this machine is ahead",
  CERT_NOT_YET_VALID: "the clock of this machine is behind, or the certificate is for later",
};

function certificateFinding(socket: TLSSocket, host: string): Finding {
  const { valid_to: validTo, subjectaltname: names } = socket.getPeerCertificate();
  const error = socket.authorizationError as unknown;
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  const until = `valid to ${validTo}`;
  if (!socket.authorized) {
    const code =
      error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? "") : String(error);
    const fix = CHAIN_FIXES[code] ?? "check the certificate of the server";
    const forNames = code === "ERR_TLS_CERT_ALTNAME_INVALID" ? `, for ${names ?? "no name"}` : "";
    return {
      status: "fail",
      detail: `the certificate of ${host} is refused (${code}), ${until}${forNames}`,
      fix,
    };
  }
  const protocol = socket.getProtocol() ?? "TLS";
  if (days >= EXPIRY_WARNING_DAYS)
    return { status: "ok", detail: `${protocol}, certificate ${until}` };
  return {
    status: "warn",
    detail: `${protocol}, the certificate expires in ${days} days (${until})`,
    fix: "have it renewed in time",
  };
}

async function checkHttp2({ url, certificates, timeoutMs }: NetworkTarget): Promise<Finding> {
  let session: ClientHttp2Session | undefined;
  try {
    session = connectHttp2(url.origin, certificates === undefined ? {} : { ca: certificates });
    session.on("error", () => undefined);
    await once(session, "remoteSettings", { signal: AbortSignal.timeout(timeoutMs) });
    const how = url.protocol === "https:" ? "agreed on by ALPN" : "spoken at once";
    return { status: "ok", detail: how };
  } catch (cause) {
    return {
      status: "fail",
      detail: timedOut(cause) ? `no HTTP/2 settings within ${timeoutMs} ms` : firstMessage(cause),
      fix: "gRPC needs HTTP/2 the whole way: check for a proxy or load balancer that speaks HTTP/1.1 only, and that the port is that of gRPC",
    };
  } finally {
    session?.destroy();
  }
}

function timedOut(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "AbortError";
}

/** Node joins the failures of several addresses into one error without a text of its own. */
function firstMessage(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause);
}
