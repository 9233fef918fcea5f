// SPDX-License-Identifier: Apache-2.0

/** The status codes of gRPC, by name. */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatusName = keyof typeof GRPC_STATUS;
export type GrpcStatusCode = (typeof GRPC_STATUS)[GrpcStatusName];

const NAMES = new Map<number, GrpcStatusName>(
  Object.entries(GRPC_STATUS).map(([name, code]) => [code, name as GrpcStatusName]),
);

/** The name of a status code; `UNKNOWN` for a number gRPC does not define, as the gRPC specification asks. */
export function grpcStatusName(code: number): GrpcStatusName {
  return NAMES.get(code) ?? "UNKNOWN";
}

/**
 * The gRPC status that stands for an HTTP status without a `grpc-status` trailer (gRPC's "HTTP to gRPC Status Code
 * Mapping").
 */
export function grpcStatusOfHttp(httpStatus: number): GrpcStatusCode {
  switch (httpStatus) {
    case 400:
      return GRPC_STATUS.INTERNAL;
    case 401:
      return GRPC_STATUS.UNAUTHENTICATED;
    case 403:
      return GRPC_STATUS.PERMISSION_DENIED;
    case 404:
      return GRPC_STATUS.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return GRPC_STATUS.UNAVAILABLE;
    default:
      return GRPC_STATUS.UNKNOWN;
  }
}

/** Percent-encodes a `grpc-message` trailer value (gRPC over HTTP/2, "Percent-Encoded"). */
export function encodeGrpcMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message, "utf8")) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Reads a `grpc-message` trailer value; a malformed escape is kept as it stands. */
export function decodeGrpcMessage(encoded: string): string {
  const bytes: number[] = [];
  for (let index = 0; index < encoded.length; index++) {
    const escape = encoded[index] === "%" ? encoded.slice(index + 1, index + 3) : "";
    if (/^[0-9a-fA-F]{2}$/.test(escape)) {
      bytes.push(Number.parseInt(escape, 16));
      index += 2;
    } else {
      bytes.push(...Buffer.from(encoded[index] as string, "utf8"));
    }
  }
  return Buffer.from(bytes).toString("utf8");
}
