// SPDX-License-Identifier: Apache-2.0
import type { OpenTelemetryApi } from "./open-telemetry-api.ts";

let loading: Promise<OpenTelemetryApi | undefined> | undefined;

/**
 * The application's `@opentelemetry/api`, or `undefined` when it has none. Looked for once.
 * @throws whatever a package that is there throws as it is loaded
 */
export function loadOpenTelemetry(): Promise<OpenTelemetryApi | undefined> {
  loading ??= load();
  return loading;
}

async function load(): Promise<OpenTelemetryApi | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
