// SPDX-License-Identifier: Apache-2.0

export type StopSignal = "SIGINT" | "SIGTERM";

/** The signals that ask a command to end. */
export interface StopSignals {
  /** Resolves with the first of them. */
  readonly first: Promise<StopSignal>;
  /** Resolves with the second: whoever asks twice does not want to wait. */
  readonly second: Promise<StopSignal>;
  /** Gives the signals back to the system. */
  release(): void;
}

/** Takes SIGINT and SIGTERM from now on. */
export function takeStopSignals(): StopSignals {
  const receivers: ((signal: StopSignal) => void)[] = [];
  const first = new Promise<StopSignal>((resolve) => receivers.push(resolve));
  const second = new Promise<StopSignal>((resolve) => receivers.push(resolve));
  const onSignal = (signal: NodeJS.Signals): void => receivers.shift()?.(signal as StopSignal);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    first,
    second,
    release() {
      process.removeListener("SIGINT", onSignal);
      process.removeListener("SIGTERM", onSignal);
    },
  };
}

/** What a shell expects as the exit code of a command that a signal ended. */
export const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };
