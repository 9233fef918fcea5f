// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, parseEndpoint } from "../core/endpoint.ts";
import { integerInRange, type StreamSettings } from "../core/settings.ts";
import { parseTableName } from "../core/table-name.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import {
  createThrottleDetector,
  type ThrottleDetectorOptions,
} from "./limits/throttle-detector.ts";
import type { ProducerAuth, ProducerOptions } from "./producer-options.ts";

const MAX_MS = 2_147_483_647;
const MAX_LANES = 1_024;

/** Resolved options that are plain data. */
export interface ProducerSettings {
  readonly endpoint: Endpoint;
  readonly unityCatalogUrl: string;
  readonly table: string;
  readonly auth: ProducerAuth;
  readonly format: "proto" | "json";
  /** 0: never. */
  readonly schemaCheckIntervalMs: number;
  readonly minLanes: number;
  readonly maxLanes: number;
  readonly maxInflightRecords: number;
  readonly maxInflightBytes: number;
  readonly onInvalidRecord: "raise" | "skip" | "deadLetter";
  /** `undefined`: without a limit. */
  readonly maxAttempts: number | undefined;
  readonly maxElapsedMs: number | undefined;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxAuthElapsedMs: number;
  /** `undefined`: none. */
  readonly throttleDetection: ThrottleDetectorOptions | undefined;
  readonly openTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly connectionPerLane: boolean;
  readonly applicationName: string | undefined;
}

const KEYS = [
  "endpoint",
  "unityCatalogUrl",
  "table",
  "auth",
  "format",
  "descriptor",
  "encoder",
  "schema",
  "schemaCheckIntervalMs",
  "recordId",
  "lanes",
  "maxInflightRecords",
  "maxInflightBytes",
  "limits",
  "limiter",
  "throttleDetection",
  "onInvalidRecord",
  "deadLetters",
  "spool",
  "retry",
  "openTimeoutMs",
  "attemptTimeoutMs",
  "ackTimeoutMs",
  "connectionPerLane",
  "applicationName",
  "tls",
  "onAck",
  "onError",
  "onEvent",
  "observer",
  "metrics",
  "logger",
] as const satisfies readonly (keyof ProducerOptions<unknown>)[];
const LANE_KEYS = ["min", "max", "key"] as const;
const RETRY_KEYS = [
  "maxAttempts",
  "maxElapsedMs",
  "firstDelayMs",
  "maxDelayMs",
  "maxAuthElapsedMs",
] as const;

/**
 * Checks options and fills in defaults. The one place for both.
 * @throws ZerobusError `invalid_argument`, naming the option, its value and what it must be
 */
export function resolveProducerOptions<T>(options: ProducerOptions<T>): ProducerSettings {
  checkObject("The argument of Producer.open", options, KEYS);
  const { lanes = {}, retry = {} } = options;
  checkObject("Producer option `lanes`", lanes, LANE_KEYS);
  checkObject("Producer option `retry`", retry, RETRY_KEYS);
  checkComponents(options);
  const auth = authOption(options.auth);
  const minLanes = whole("lanes.min", lanes.min, 1, 1, MAX_LANES);
  const firstDelayMs = whole("retry.firstDelayMs", retry.firstDelayMs, 200, 1, MAX_MS);
  return Object.freeze({
    endpoint: parseEndpoint(text("endpoint", options.endpoint)),
    unityCatalogUrl: catalogUrl(options),
    table: tableName(options.table),
    auth,
    format: formatOption(options),
    schemaCheckIntervalMs: schemaCheckInterval(options.schemaCheckIntervalMs),
    minLanes,
    maxLanes: whole("lanes.max", lanes.max, minLanes, minLanes, MAX_LANES),
    maxInflightRecords: whole(
      "maxInflightRecords",
      options.maxInflightRecords,
      1_000_000,
      1,
      16_777_216,
    ),
    maxInflightBytes: whole(
      "maxInflightBytes",
      options.maxInflightBytes,
      67_108_864,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    onInvalidRecord: invalidRecordOption(options),
    maxAttempts: optional("retry.maxAttempts", retry.maxAttempts, 1),
    maxElapsedMs: optional("retry.maxElapsedMs", retry.maxElapsedMs, 0),
    firstDelayMs,
    maxDelayMs: whole(
      "retry.maxDelayMs",
      retry.maxDelayMs,
      Math.max(30_000, firstDelayMs),
      firstDelayMs,
      MAX_MS,
    ),
    maxAuthElapsedMs: whole(
      "retry.maxAuthElapsedMs",
      retry.maxAuthElapsedMs,
      300_000,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    throttleDetection: throttleDetection(options.throttleDetection),
    openTimeoutMs: whole("openTimeoutMs", options.openTimeoutMs, 60_000, 0, MAX_MS),
    attemptTimeoutMs: whole("attemptTimeoutMs", options.attemptTimeoutMs, 15_000, 1, MAX_MS),
    ackTimeoutMs: whole("ackTimeoutMs", options.ackTimeoutMs, 60_000, 1, MAX_MS),
    connectionPerLane: flag("connectionPerLane", options.connectionPerLane),
    applicationName: applicationName(options.applicationName),
  });
}

/** Room is counted by the producer, over all lanes; retries are timed by its backoff. */
export function streamSettings(settings: ProducerSettings): StreamSettings {
  return {
    maxInflightRequests: 16_777_216,
    maxInflightBytes: Number.MAX_SAFE_INTEGER,
    recovery: true,
    recoveryTimeoutMs: settings.attemptTimeoutMs,
    recoveryBackoffMs: 0,
    recoveryRetries: (settings.maxAttempts ?? Number.POSITIVE_INFINITY) - 1,
    flushTimeoutMs: MAX_MS,
    serverLackOfAckTimeoutMs: settings.ackTimeoutMs,
    format: settings.format,
    streamPausedMaxWaitTimeMs: undefined,
    opensNextEarly: true,
    waitsWhenThrottled: true,
  };
}

function checkObject(what: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} must be an object of options`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw invalid(`${what} has the unknown key \`${key}\`; known are ${known.join(", ")}`);
    }
  }
}

function checkComponents<T>(options: ProducerOptions<T>): void {
  for (const key of ["onAck", "onError", "onEvent", "limiter"] as const) {
    checkFunction(key, options[key]);
  }
  checkFunction("lanes.key", options.lanes?.key);
  checkMethods("encoder", options.encoder, ["encode"]);
  checkEither("deadLetters", options.deadLetters, ["write", "close"]);
  checkEither("spool", options.spool, ["append", "read", "trim", "close"]);
  checkExclusive(options);
  if (options.descriptor !== undefined && !(options.descriptor instanceof Uint8Array)) {
    throw invalid("Producer option `descriptor` must be a serialized DescriptorProto, as bytes");
  }
}

function checkExclusive<T>(options: ProducerOptions<T>): void {
  const { descriptor, encoder, limiter, limits, schema, unityCatalogUrl } = options;
  const shapes = Object.entries({ descriptor, encoder, schema: hasSchema(options) || undefined });
  const given = shapes.filter(([, value]) => value !== undefined).map(([name]) => `\`${name}\``);
  if (given.length > 1) {
    throw invalid(`Producer options ${given.join(" and ")} exclude each other`);
  }
  if (limiter !== undefined && limits !== undefined) {
    throw invalid("Producer options `limiter` and `limits` exclude each other");
  }
  if (schema === "fetch" && unityCatalogUrl === undefined) {
    throw invalid('Producer option `unityCatalogUrl` is missing; `schema: "fetch"` asks there');
  }
}

/** Whether records are made for a schema. */
export function hasSchema<T>({ schema }: ProducerOptions<T>): boolean {
  if (schema === undefined || schema === "none") return false;
  if (schema === "fetch" || (typeof schema === "object" && schema !== null)) return true;
  throw invalid('Producer option `schema` must be "fetch", "none", a schema or a message type');
}

/** An object with these methods, or options. */
function checkEither(name: string, value: object | undefined, methods: readonly string[]): void {
  if (typeof value === "object" && value !== null && "directory" in value) return;
  checkMethods(name, value, methods);
}

function schemaCheckInterval(value: number | undefined): number {
  if (value === 0) return 0;
  return whole("schemaCheckIntervalMs", value, 300_000, 1_000, 86_400_000);
}

/** The detector checks the values. */
function throttleDetection(
  value: ThrottleDetectorOptions | "none" | undefined,
): ThrottleDetectorOptions | undefined {
  if (value === "none") return undefined;
  const given = value ?? {};
  checkObject("Producer option `throttleDetection`", given, ["windowMs", "flatness", "release"]);
  createThrottleDetector(given);
  return given;
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw invalid(`Producer option \`${name}\` must be a function`);
  }
}

function checkMethods(name: string, value: object | undefined, methods: readonly string[]): void {
  if (value === undefined) return;
  const members = value as Record<string, unknown> | null;
  for (const method of methods) {
    if (typeof members?.[method] !== "function") {
      throw invalid(`Producer option \`${name}\` must be an object with a method ${method}()`);
    }
  }
}

function formatOption<T>(options: ProducerOptions<T>): "proto" | "json" {
  const { format, encoder, descriptor } = options;
  const isShaped = hasSchema(options);
  const implied = encoder?.format ?? (descriptor === undefined && !isShaped ? "json" : "proto");
  if (format === undefined) return implied;
  if (format !== "proto" && format !== "json") {
    throw invalid(`Producer option \`format\` is ${String(format)}; it must be "proto" or "json"`);
  }
  if (format === implied) return format;
  if (isShaped && (options.schema === "fetch" || "columns" in (options.schema as object))) {
    return format;
  }
  throw invalid(
    encoder !== undefined
      ? `Producer option \`format\` is "${format}", but the encoder makes ${implied} records`
      : format === "proto"
        ? 'Producer option `format` is "proto", which needs `schema`, `descriptor` or `encoder`'
        : 'Producer option `format` is "json", but `descriptor` or `schema` is for proto records',
  );
}

function invalidRecordOption<T>(options: ProducerOptions<T>): "raise" | "skip" | "deadLetter" {
  const { onInvalidRecord: value, deadLetters } = options;
  if (value === undefined) return deadLetters === undefined ? "raise" : "deadLetter";
  if (value !== "raise" && value !== "skip" && value !== "deadLetter") {
    throw invalid(
      `Producer option \`onInvalidRecord\` is ${String(value)}; it must be "raise", "skip" or "deadLetter"`,
    );
  }
  if ((value === "deadLetter") !== (deadLetters !== undefined)) {
    throw invalid(
      'Producer option `onInvalidRecord` must be "deadLetter" exactly when `deadLetters` is given',
    );
  }
  return value;
}

function authOption(auth: ProducerAuth): ProducerAuth {
  if (auth === "none") return auth;
  if (typeof auth === "object" && auth !== null) {
    if ("headersProvider" in auth) {
      checkObject("Producer option `auth`", auth, ["headersProvider"]);
      return auth;
    }
    checkObject("Producer option `auth`", auth, ["clientId", "clientSecret"]);
    text("auth.clientId", auth.clientId);
    text("auth.clientSecret", auth.clientSecret);
    return auth;
  }
  throw invalid(
    'Producer option `auth` must be { clientId, clientSecret }, { headersProvider } or "none"',
  );
}

function catalogUrl<T>(options: ProducerOptions<T>): string {
  const { auth, unityCatalogUrl } = options;
  if (unityCatalogUrl !== undefined) return text("unityCatalogUrl", unityCatalogUrl);
  if (typeof auth === "object" && auth !== null && "clientId" in auth) {
    throw invalid(
      "Producer option `unityCatalogUrl` is missing; tokens for `auth.clientId` come from there",
    );
  }
  return "";
}

function tableName(value: unknown): string {
  const name = text("table", value);
  parseTableName(name);
  return name;
}

function applicationName(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[\x20-\x7e]+$/.test(value)) return value;
  throw invalid("Producer option `applicationName` must be printable ASCII");
}

function text(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  const got = typeof value === "string" ? "empty" : value === undefined ? "missing" : typeof value;
  throw invalid(`Producer option \`${name}\` is ${got}; it must be a text`);
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw invalid(`Producer option \`${name}\` must be a boolean`);
}

function whole(name: string, value: unknown, standard: number, min: number, max: number): number {
  return integerInRange(`Producer option \`${name}\``, value ?? standard, min, max);
}

function optional(name: string, value: unknown, min: number): number | undefined {
  if (value === undefined) return undefined;
  return integerInRange(`Producer option \`${name}\``, value, min, Number.MAX_SAFE_INTEGER);
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
