// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaErrorCode } from "../delta-error.ts";

const CODES: Readonly<Record<string, DeltaErrorCode>> = {
  EACCES: "permission_denied",
  EPERM: "permission_denied",
  EROFS: "permission_denied",
  ENOSPC: "resource_exhausted",
  EDQUOT: "resource_exhausted",
  EMFILE: "resource_exhausted",
  ENFILE: "resource_exhausted",
  EFBIG: "resource_exhausted",
  ENAMETOOLONG: "invalid_argument",
  ENOTDIR: "invalid_argument",
  EEXIST: "already_exists",
  ENOTSUP: "unsupported",
  EOPNOTSUPP: "unsupported",
  ENOSYS: "unsupported",
  EMLINK: "unsupported",
};

/** Whether an error of the operating system has one of these codes. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** The failure of a file operation as a `DeltaError`; one that is a `DeltaError` already stays what it is. */
export function storeError(
  action: string,
  path: string,
  error: unknown,
  effect: "none" | "unknown" = "none",
): DeltaError {
  if (error instanceof DeltaError) return error;
  const errno = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const code = (errno === undefined ? undefined : CODES[errno]) ?? "unavailable";
  const reason = error instanceof Error ? error.message : String(error);
  return new DeltaError(code, `cannot ${action} ${JSON.stringify(path)}: ${reason}`, {
    cause: error,
    effect,
    details: { path, ...(errno === undefined ? {} : { errno }) },
  });
}
