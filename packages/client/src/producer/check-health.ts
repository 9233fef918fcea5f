// SPDX-License-Identifier: Apache-2.0
import { toZerobusError, type ZerobusError } from "../core/zerobus-error.ts";
import { systemClock } from "../io/system-clock.ts";
import { catalogAccess } from "./catalog-access.ts";
import { EngineSource } from "./engine-source.ts";
import { categoryOf, type ErrorCategory } from "./error-category.ts";
import { fullJitterBackoff } from "./full-jitter.ts";
import { encoderOf, schemaOf } from "./opened-parts.ts";
import type { ProducerOptions } from "./producer-options.ts";
import { resolveProducerOptions } from "./producer-settings.ts";

/** The steps of opening a stream. */
export type HealthPhase =
  /** The options themselves. */
  | "options"
  /** Fetching the table's schema. */
  | "schema"
  /** Getting the token, or the headers of the application's own making. */
  | "authenticate"
  /** Connecting and calling, until the server has accepted the stream. */
  | "open"
  /** Ending the stream. */
  | "close";

/** What a check found. */
export type HealthCheck =
  | {
      readonly ok: true;
      readonly streamId: string;
      /** Milliseconds for token, connection and stream. */
      readonly openMs: number;
    }
  | {
      readonly ok: false;
      readonly phase: HealthPhase;
      readonly category: ErrorCategory;
      readonly error: ZerobusError;
    };

/**
 * Opens a stream as a producer with these options would, sends nothing, and closes it. One attempt, `attemptTimeoutMs`
 * at most; does not throw.
 */
export async function checkHealth<T = unknown>(options: ProducerOptions<T>): Promise<HealthCheck> {
  let phase: HealthPhase = "options";
  let engines: EngineSource | undefined;
  try {
    const settings = resolveProducerOptions(options);
    const context = { settings, clock: systemClock, random: Math.random };
    const catalog =
      settings.unityCatalogUrl === ""
        ? undefined
        : catalogAccess(settings, options.tls, systemClock);
    phase = "schema";
    const schema = await schemaOf(options, context, catalog);
    phase = "options";
    engines = new EngineSource({
      settings,
      tls: options.tls,
      descriptor: encoderOf(options, settings.format, schema).descriptor,
      clock: systemClock,
      random: Math.random,
      backoff: fullJitterBackoff(settings.firstDelayMs, settings.maxDelayMs),
      onInvalidate: () => undefined,
    });
    const engine = engines.makeEngine(
      {
        onStateChange: ({ to }) => {
          if (to === "authenticating") phase = "authenticate";
          else if (to === "opening") phase = "open";
          else if (to === "streaming") phase = "close";
        },
      },
      () => undefined,
      { change: { recovery: false } },
    );
    const startMs = performance.now();
    await engine.start();
    const openMs = performance.now() - startMs;
    const streamId = engine.streamId ?? "";
    await engine.close();
    return { ok: true, streamId, openMs };
  } catch (thrown) {
    const error = toZerobusError(thrown);
    return { ok: false, phase, category: categoryOf(error.code, true), error };
  } finally {
    engines?.close();
  }
}
