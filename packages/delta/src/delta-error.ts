// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong, by what the caller can do about it:
 * - `invalid_argument`: the request itself is wrong; change it.
 * - `not_found`: no table, no file, or no bucket there.
 * - `already_exists`: there is a table there already.
 * - `unsupported`: the table is sound but asks for something this library, or the store, does not do, or a package that
 *   it needs is not installed; the message names it.
 * - `permission_denied`: the store refused access.
 * - `data_loss`: the table's log or a data file is damaged; the message names the file and the line.
 * - `resource_exhausted`: no room left in the store, or too many requests waiting or made.
 * - `unavailable`: the store failed in a way that may pass.
 * - `internal`: a defect of this library.
 */
export type DeltaErrorCode =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "unsupported"
  | "permission_denied"
  | "data_loss"
  | "resource_exhausted"
  | "unavailable"
  | "internal";

const RETRYABLE: Readonly<Record<DeltaErrorCode, boolean>> = {
  invalid_argument: false,
  not_found: false,
  already_exists: false,
  unsupported: false,
  permission_denied: false,
  data_loss: false,
  resource_exhausted: true,
  unavailable: true,
  internal: false,
};

export interface DeltaErrorOptions {
  /** Names and values that the message speaks of, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  /**
   * Whether the failed call may have changed the table all the same. `unknown` means: read the table before trying
   * again (an append that carries a `txn` is safe to repeat).
   * @default "none"
   */
  readonly effect?: "none" | "unknown";
  readonly cause?: unknown;
}

/** The only error class that this package throws on purpose. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
  readonly code: DeltaErrorCode;
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean;
  readonly effect: "none" | "unknown";
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: DeltaErrorCode, message: string, options: DeltaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.effect = options.effect ?? "none";
    this.details = options.details ?? {};
  }
}
