// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CODE_BY_GRPC_STATUS,
  ERROR_CODES,
  errorCodeOfGrpcStatus,
} from "../../src/errors/error-code.ts";
import {
  decodeGrpcMessage,
  encodeGrpcMessage,
  GRPC_STATUS,
  grpcStatusName,
  grpcStatusOfHttp,
} from "../../src/grpc/status.ts";

/** The codes that the official clients give up on. */
const TERMINAL = new Set([
  GRPC_STATUS.INVALID_ARGUMENT,
  GRPC_STATUS.UNAUTHENTICATED,
  GRPC_STATUS.PERMISSION_DENIED,
  GRPC_STATUS.OUT_OF_RANGE,
  GRPC_STATUS.UNIMPLEMENTED,
  GRPC_STATUS.NOT_FOUND,
] as number[]);

describe("status tables", () => {
  test("name every gRPC status once, 0 to 16", () => {
    assert.deepEqual(
      Object.values(GRPC_STATUS).toSorted((left, right) => left - right),
      Array.from({ length: 17 }, (_, code) => code),
    );
    for (const [name, code] of Object.entries(GRPC_STATUS))
      assert.equal(grpcStatusName(code), name);
    assert.equal(grpcStatusName(99), "UNKNOWN");
  });

  test("give every gRPC status an error code", () => {
    for (const code of Object.values(GRPC_STATUS)) {
      assert.ok(Object.hasOwn(ERROR_CODES, CODE_BY_GRPC_STATUS[code]), grpcStatusName(code));
    }
    assert.equal(errorCodeOfGrpcStatus(1000), "internal");
    assert.equal(errorCodeOfGrpcStatus(-1), "internal");
  });

  test("retry what the official clients retry", () => {
    for (const [code, traits] of Object.entries(ERROR_CODES)) {
      assert.equal(traits.retryable, !TERMINAL.has(traits.grpcStatus), code);
    }
    for (const code of Object.values(GRPC_STATUS)) {
      assert.equal(
        ERROR_CODES[CODE_BY_GRPC_STATUS[code]].retryable,
        !TERMINAL.has(code),
        grpcStatusName(code),
      );
    }
  });

  test("keep a code's meaning over the wire", () => {
    const folded: Readonly<Record<string, string>> = { schema_mismatch: "invalid_argument" };
    for (const [code, traits] of Object.entries(ERROR_CODES)) {
      assert.equal(errorCodeOfGrpcStatus(traits.grpcStatus), folded[code] ?? code);
    }
  });

  test("map HTTP statuses as gRPC says", () => {
    const statuses = [400, 401, 403, 404, 429, 502, 503, 504, 500, 200].map(grpcStatusOfHttp);
    assert.deepEqual(statuses, [13, 16, 7, 12, 14, 14, 14, 14, 2, 2]);
  });
});

describe("grpc-message", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const encoded = encodeGrpcMessage(text);
        assert.match(encoded, /^[\x20-\x24\x26-\x7e%]*$/);
        assert.equal(decodeGrpcMessage(encoded), text);
      }),
    );
  });

  test("encodes percent signs, line breaks and non-ASCII text", () => {
    assert.equal(encodeGrpcMessage("50% é\n"), "50%25 %C3%A9%0A");
  });

  test("keeps malformed escapes as they stand", () => {
    assert.equal(decodeGrpcMessage("100%, %zz %4"), "100%, %zz %4");
    assert.equal(decodeGrpcMessage("%41%c3%a9"), "Aé");
  });
});
