// SPDX-License-Identifier: Apache-2.0

/** What a client speaks. */
export type KnownProtocol = "tls" | "http2" | "http1";

/** What a client that has just connected speaks, told from its first bytes. */
export type SpokenProtocol = KnownProtocol | "undecided";

/** First byte of a TLS handshake record. */
const TLS_HANDSHAKE = 0x16;
/** The HTTP/2 connection preface starts with a method that HTTP/1.1 does not have (RFC 9113, section 3.4). */
const HTTP2_PREFACE = "PRI";

/** Tells the protocol from the first bytes of a connection; `undecided` needs at least three bytes. */
export function sniffProtocol(firstBytes: Uint8Array): SpokenProtocol {
  if (firstBytes.length === 0) return "undecided";
  if (firstBytes[0] === TLS_HANDSHAKE) return "tls";
  const compared = Math.min(firstBytes.length, HTTP2_PREFACE.length);
  for (let index = 0; index < compared; index++) {
    if (firstBytes[index] !== HTTP2_PREFACE.charCodeAt(index)) return "http1";
  }
  return compared === HTTP2_PREFACE.length ? "http2" : "undecided";
}
