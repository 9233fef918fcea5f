// SPDX-License-Identifier: Apache-2.0

/** A failure that the command reports in one line: what, which, what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Further lines below the message. */
  readonly hints: readonly string[];
  /** Whether a server was not there: the same may work later. */
  readonly isUnreachable: boolean;

  constructor(
    message: string,
    options: {
      readonly cause?: unknown;
      readonly hints?: readonly string[];
      readonly isUnreachable?: boolean;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hints = options.hints ?? [];
    this.isUnreachable = options.isUnreachable ?? false;
  }
}

/** Whether an error of the operating system has one of these codes. */
export function hasSystemCode(reason: unknown, ...codes: readonly string[]): boolean {
  const code = reason instanceof Error ? (reason as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && codes.includes(code);
}

/** The message of anything that was thrown. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/**
 * What went wrong, as lines for the user. Errors of Sluice say all there is to say in their message; others are
 * defects, or failures of the system, and show their stack when `DEBUG` asks for it.
 */
export function errorLines(reason: unknown, isDebug: boolean): string[] {
  const lines = [`error: ${messageOf(reason)}`];
  if (reason instanceof CliError) lines.push(...reason.hints.map((hint) => `  ${hint}`));
  if (isDebug && reason instanceof Error && reason.stack !== undefined) lines.push(reason.stack);
  return lines;
}
