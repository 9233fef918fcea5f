// SPDX-License-Identifier: Apache-2.0
import type { LogErrorCode } from "@sluice/log";
import type { ErrorCode } from "@sluice/protocol";
import { ZerobusError } from "../core/zerobus-error.ts";

/** What an error of the log is to the producer. A spool whose disk failed has to be opened again. */
const CODE_BY_LOG_CODE: Readonly<Record<LogErrorCode, ErrorCode>> = {
  invalid_argument: "invalid_argument",
  resource_exhausted: "resource_exhausted",
  disk_full: "unavailable",
  data_loss: "data_loss",
  unavailable: "unavailable",
  closed: "closed",
  locked: "fenced",
};

/** The failure as this package tells it. */
export function spoolError(error: unknown, directory: string): ZerobusError {
  if (error instanceof ZerobusError) return error;
  const logCode = logCodeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (logCode === undefined) {
    return new ZerobusError(
      "unavailable",
      `The spool in ${directory} failed: ${text}; check the disk and open the spool again`,
      { cause: error, retryable: false },
    );
  }
  const message = `The spool in ${directory} ${adviceOf(logCode)} (${text})`;
  return new ZerobusError(CODE_BY_LOG_CODE[logCode], message, { cause: error, retryable: false });
}

function adviceOf(code: LogErrorCode): string {
  switch (code) {
    case "locked":
      return "is in use by another producer; close that one or use another directory";
    case "disk_full":
      return "has no room left on its disk; free space, then open the producer again: what it took before is kept";
    case "data_loss":
      return "is damaged; move the directory away and open a new one, what was not delivered is in the one moved";
    case "unavailable":
      return "cannot be read or written; check the disk, then open the producer again";
    case "invalid_argument":
    case "resource_exhausted":
    case "closed":
      return "refused the record";
  }
}

function logCodeOf(error: unknown): LogErrorCode | undefined {
  if (!(error instanceof Error) || error.name !== "LogError") return undefined;
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === "string" && Object.hasOwn(CODE_BY_LOG_CODE, code)
    ? (code as LogErrorCode)
    : undefined;
}

export function spoolClosedError(): ZerobusError {
  return new ZerobusError("closed", "The spool was closed; open it again to use it", {
    retryable: false,
  });
}
