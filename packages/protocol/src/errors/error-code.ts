// SPDX-License-Identifier: Apache-2.0
import { GRPC_STATUS, type GrpcStatusCode } from "../grpc/status.ts";

/**
 * Why a request failed, chosen by what the caller must do about it. Both products, client and server, use this union
 * and no other.
 */
export type ErrorCode =
  /** The request or a record is wrong: correct it. */
  | "invalid_argument"
  /** The record or descriptor does not fit the table: correct one of the two. */
  | "schema_mismatch"
  /** The token is missing, wrong or expired: get another. */
  | "unauthenticated"
  /** The identity is known but has no grant: ask for it. */
  | "permission_denied"
  /** The table or stream does not exist: create it or correct the name. */
  | "not_found"
  /** What was to be created is there already. */
  | "already_exists"
  /** The other side does not offer this. */
  | "unimplemented"
  /** A position was asked for that lies outside of what exists. */
  | "out_of_range"
  /** A limit is reached: slow down or raise it, then try again. */
  | "resource_exhausted"
  /** Another owner has taken over. */
  | "fenced"
  /** The other side is away, going away or cannot write now: try again. */
  | "unavailable"
  /** An answer did not come in time: try again. */
  | "deadline_exceeded"
  /** The caller or the other side gave the request up. */
  | "cancelled"
  /** The object was closed by its owner: make a new one. */
  | "closed"
  /** Stored data cannot be read back: call an operator. */
  | "data_loss"
  /** A broken invariant or an answer outside the contract: report it. */
  | "internal";

interface ErrorCodeTraits {
  /** The gRPC status a server answers with. */
  readonly grpcStatus: GrpcStatusCode;
  /** Whether the same request may succeed later without a change; decided as the official clients decide. */
  readonly retryable: boolean;
}

/** The one table from code to wire and retry behaviour. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeTraits>> = {
  invalid_argument: { grpcStatus: GRPC_STATUS.INVALID_ARGUMENT, retryable: false },
  schema_mismatch: { grpcStatus: GRPC_STATUS.INVALID_ARGUMENT, retryable: false },
  unauthenticated: { grpcStatus: GRPC_STATUS.UNAUTHENTICATED, retryable: false },
  permission_denied: { grpcStatus: GRPC_STATUS.PERMISSION_DENIED, retryable: false },
  not_found: { grpcStatus: GRPC_STATUS.NOT_FOUND, retryable: false },
  already_exists: { grpcStatus: GRPC_STATUS.ALREADY_EXISTS, retryable: true },
  unimplemented: { grpcStatus: GRPC_STATUS.UNIMPLEMENTED, retryable: false },
  out_of_range: { grpcStatus: GRPC_STATUS.OUT_OF_RANGE, retryable: false },
  resource_exhausted: { grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED, retryable: true },
  fenced: { grpcStatus: GRPC_STATUS.ABORTED, retryable: true },
  unavailable: { grpcStatus: GRPC_STATUS.UNAVAILABLE, retryable: true },
  deadline_exceeded: { grpcStatus: GRPC_STATUS.DEADLINE_EXCEEDED, retryable: true },
  cancelled: { grpcStatus: GRPC_STATUS.CANCELLED, retryable: true },
  closed: { grpcStatus: GRPC_STATUS.FAILED_PRECONDITION, retryable: true },
  data_loss: { grpcStatus: GRPC_STATUS.DATA_LOSS, retryable: true },
  internal: { grpcStatus: GRPC_STATUS.INTERNAL, retryable: true },
};

/**
 * What a client makes of a status it received. `OK` is in the table because a stream that ends with it before the
 * client closed it is a lost stream: the peer went away.
 */
export const CODE_BY_GRPC_STATUS: Readonly<Record<GrpcStatusCode, ErrorCode>> = {
  [GRPC_STATUS.OK]: "unavailable",
  [GRPC_STATUS.CANCELLED]: "cancelled",
  [GRPC_STATUS.UNKNOWN]: "internal",
  [GRPC_STATUS.INVALID_ARGUMENT]: "invalid_argument",
  [GRPC_STATUS.DEADLINE_EXCEEDED]: "deadline_exceeded",
  [GRPC_STATUS.NOT_FOUND]: "not_found",
  [GRPC_STATUS.ALREADY_EXISTS]: "already_exists",
  [GRPC_STATUS.PERMISSION_DENIED]: "permission_denied",
  [GRPC_STATUS.RESOURCE_EXHAUSTED]: "resource_exhausted",
  [GRPC_STATUS.FAILED_PRECONDITION]: "closed",
  [GRPC_STATUS.ABORTED]: "fenced",
  [GRPC_STATUS.OUT_OF_RANGE]: "out_of_range",
  [GRPC_STATUS.UNIMPLEMENTED]: "unimplemented",
  [GRPC_STATUS.INTERNAL]: "internal",
  [GRPC_STATUS.UNAVAILABLE]: "unavailable",
  [GRPC_STATUS.DATA_LOSS]: "data_loss",
  [GRPC_STATUS.UNAUTHENTICATED]: "unauthenticated",
};

/** The code of a received status number; a number gRPC does not define counts as `internal` (UNKNOWN). */
export function errorCodeOfGrpcStatus(status: number): ErrorCode {
  return CODE_BY_GRPC_STATUS[status as GrpcStatusCode] ?? "internal";
}
