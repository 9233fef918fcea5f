// SPDX-License-Identifier: Apache-2.0

/**
 * What the caller must do about an error of the log.
 *
 * - `invalid_argument`: an option, an entry or a call order is wrong; change the call.
 * - `resource_exhausted`: too much is staged; pause the sources and append again after a drain.
 * - `disk_full`: the disk has no space left for a segment; free space, then open the log again.
 * - `data_loss`: entries the log once held are missing or damaged; a person must decide.
 * - `unavailable`: a read, write or sync failed; the disk needs attention before the log is reopened.
 * - `closed`: the log was closed.
 * - `locked`: another process, or another log in this process, holds the directory.
 */
export type LogErrorCode =
  | "invalid_argument"
  | "resource_exhausted"
  | "disk_full"
  | "data_loss"
  | "unavailable"
  | "closed"
  | "locked";

/** Facts that belong to a {@link LogError}. Each field is present where it is known. */
export interface LogErrorDetails {
  /** Name of the file inside the log directory. */
  readonly file?: string;
  /** Byte offset inside `file`. */
  readonly byteOffset?: number;
  /** Error code of the operating system, such as `EIO`. */
  readonly systemCode?: string;
  /** Who holds the lock, as it describes itself. */
  readonly holder?: string;
}

const RETRYABLE: Record<LogErrorCode, boolean> = {
  invalid_argument: false,
  resource_exhausted: true,
  disk_full: false,
  data_loss: false,
  unavailable: false,
  closed: false,
  locked: true,
};

/** The one error class of the log. */
export class LogError extends Error {
  /** What the caller must do. */
  readonly code: LogErrorCode;
  /** Whether the same call on the same log (for `locked`: the same open) may succeed later. */
  readonly retryable: boolean;
  readonly details: LogErrorDetails;

  constructor(
    code: LogErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: LogErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LogError";
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.details = options.details ?? {};
  }
}

/** The operating system's code of `error`, or undefined when it has none. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error === "object" && error !== null && "code" in error) {
    return typeof error.code === "string" ? error.code : undefined;
  }
  return undefined;
}

/** Whether `error` says that the disk or the quota is full. */
export function isDiskFull(error: unknown): boolean {
  const systemCode = systemCodeOf(error);
  return systemCode === "ENOSPC" || systemCode === "EDQUOT";
}

/** Turns what a storage operation threw into a {@link LogError} that says what was being done. */
export function storageError(
  error: unknown,
  action: string,
  advice: string,
  details: LogErrorDetails = {},
): LogError {
  if (error instanceof LogError) return error;
  const systemCode = systemCodeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  return new LogError(
    isDiskFull(error) ? "disk_full" : "unavailable",
    `log: ${action} failed: ${text}; ${advice}`,
    { cause: error, details: systemCode === undefined ? details : { ...details, systemCode } },
  );
}
