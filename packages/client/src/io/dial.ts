// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type SecureContextOptions } from "node:tls";
import { toZerobusError, ZerobusError } from "../core/zerobus-error.ts";

/** TLS settings of every connection an SDK makes, given as to `node:tls`. */
export interface TlsOptions
  extends Pick<SecureContextOptions, "ca" | "cert" | "key" | "passphrase"> {
  /** Name to expect in the certificate, and to ask for. @default the host of the endpoint */
  readonly servername?: string;
  /** @default true; false accepts any certificate and is for tests only */
  readonly rejectUnauthorized?: boolean;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly alpnProtocols?: readonly string[];
  readonly tls: TlsOptions;
  /** URL of a proxy to tunnel through with CONNECT. */
  readonly proxy: string | undefined;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Opens a connection: through the proxy if there is one, and with TLS if the target is secure.
 * @throws ZerobusError `unavailable`
 */
export async function dial(target: DialTarget): Promise<Socket> {
  const tcp =
    target.proxy === undefined
      ? await connectDirectly(target)
      : await connectThroughProxy(target, target.proxy);
  tcp.setNoDelay(true);
  return target.secure ? startTls(target, tcp) : tcp;
}

async function connectDirectly(target: DialTarget): Promise<Socket> {
  const socket = connectTcp({ host: target.host, port: target.port, signal: target.signal });
  try {
    return await ready(socket, "connect", `Cannot connect to ${nameOf(target)}`);
  } catch (error) {
    const { code, message, cause } = toZerobusError(error);
    throw new ZerobusError(code, message, { cause, details: { unreachable: nameOf(target) } });
  }
}

async function startTls(target: DialTarget, tcp: Socket): Promise<Socket> {
  const servername = target.tls.servername ?? (isIP(target.host) === 0 ? target.host : undefined);
  const options: ConnectionOptions = {
    ...target.tls,
    socket: tcp,
    host: target.host,
    ...(servername === undefined ? {} : { servername }),
    ...(target.alpnProtocols === undefined ? {} : { ALPNProtocols: [...target.alpnProtocols] }),
  };
  const secure = connectTls(options);
  const giveUp = (): void => void secure.destroy(new Error("gave up"));
  target.signal.addEventListener("abort", giveUp);
  try {
    await ready(secure, "secureConnect", `Failed to establish TLS connection to ${nameOf(target)}`);
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    target.signal.removeEventListener("abort", giveUp);
  }
  const { alpnProtocols } = target;
  if (alpnProtocols !== undefined && !alpnProtocols.includes(String(secure.alpnProtocol))) {
    secure.destroy();
    throw new ZerobusError(
      "unavailable",
      `${nameOf(target)} did not agree on ${alpnProtocols.join(" or ")} in the TLS handshake (ALPN); is it a gRPC endpoint?`,
    );
  }
  return secure;
}

function connectThroughProxy(target: DialTarget, proxy: string): Promise<Socket> {
  const url = new URL(proxy);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const authority = `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
  return new Promise<Socket>((resolve, reject) => {
    const tunnel = request({
      method: "CONNECT",
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
      path: authority,
      headers: { host: authority, ...proxyAuthorization(url) },
      agent: false,
      signal: target.signal,
      ...(url.protocol === "https:" && target.tls.ca !== undefined ? { ca: target.tls.ca } : {}),
    });
    tunnel.once("connect", (response, socket, head) => {
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      const httpStatus = response.statusCode ?? 0;
      reject(
        new ZerobusError(
          "unavailable",
          `The proxy ${url.host} refused a tunnel to ${authority}: HTTP status ${httpStatus}; ${tunnelAdvice(httpStatus)}`,
          { details: { httpStatus } },
        ),
      );
    });
    tunnel.once("response", (response) => {
      response.resume();
      reject(new ZerobusError("unavailable", `The proxy ${url.host} did not answer CONNECT`));
    });
    tunnel.once("error", (cause) => {
      reject(connectionError(`Cannot reach the proxy ${url.host}`, cause));
    });
    tunnel.end();
  });
}

function tunnelAdvice(httpStatus: number): string {
  if (httpStatus === 407) {
    return "give the proxy's URL a user and password that are right, as in http://user:password@host:port";
  }
  return "have the proxy allow that address, or except it from the proxy with no_proxy";
}

/** The header that carries the credentials of a proxy URL. */
export function proxyAuthorization(url: URL): Record<string, string> {
  if (url.username === "" && url.password === "") return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}

function ready(
  socket: Socket,
  event: "connect" | "secureConnect",
  failure: string,
): Promise<Socket> {
  return new Promise<Socket>((resolve, reject) => {
    const onError = (cause: Error): void => reject(connectionError(failure, cause));
    const onClose = (): void => {
      reject(new ZerobusError("unavailable", `${failure}: the connection was closed`));
    };
    socket.once("error", onError);
    socket.once("close", onClose);
    socket.once(event, () => {
      socket.off("error", onError);
      socket.off("close", onClose);
      resolve(socket);
    });
  });
}

function connectionError(failure: string, cause: Error): ZerobusError {
  const { code } = cause as NodeJS.ErrnoException;
  const advice = code === undefined ? undefined : CERTIFICATE_ADVICE[code];
  const text = `${failure}: ${cause.message}${advice === undefined ? "" : `; ${advice}`}`;
  return new ZerobusError("unavailable", text, { cause });
}

const UNKNOWN_AUTHORITY =
  "give its authority's certificate as tls.ca, or its file as SSL_CERT_FILE";
/** What to do about a certificate that is not taken, by Node's code. */
const CERTIFICATE_ADVICE: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    "use a host that the certificate names, or name the one to expect as tls.servername",
  CERT_HAS_EXPIRED: "have the certificate renewed, or set this machine's clock right",
  CERT_NOT_YET_VALID: "set this machine's clock right",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** What `details.unreachable` says of a target. */
export function nameOf(target: Pick<DialTarget, "host" | "port">): string {
  return `${target.host}:${target.port}`;
}
