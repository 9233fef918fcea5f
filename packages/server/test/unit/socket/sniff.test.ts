// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sniffProtocol } from "../../../src/socket/sniff.ts";

describe("protocol sniffing", () => {
  const cases: readonly [string, Uint8Array, string][] = [
    ["nothing yet", Buffer.alloc(0), "undecided"],
    ["a TLS handshake", Buffer.from([0x16, 3, 1]), "tls"],
    ["the HTTP/2 preface", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http2"],
    ["the first byte of POST, PUT or PRI", Buffer.from("P"), "undecided"],
    ["two bytes of the preface", Buffer.from("PR"), "undecided"],
    ["PROPFIND", Buffer.from("PRO"), "http1"],
    ["POST", Buffer.from("PO"), "http1"],
    ["GET", Buffer.from("G"), "http1"],
    ["garbage", Buffer.from([0, 255, 1]), "http1"],
  ];
  for (const [name, bytes, expected] of cases) {
    it(`tells ${name}`, () => assert.equal(sniffProtocol(bytes), expected));
  }
});
