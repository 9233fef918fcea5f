// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import { toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import { openDeadLetterFiles } from "../dead-letters/dead-letter-files.ts";
import {
  compileJsonEncoder,
  compileProtoEncoder,
  type RecordSource,
} from "../schema/record-source.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import { openSpool } from "../spool/open-spool.ts";
import { type CatalogAccess, catalogAccess } from "./catalog-access.ts";
import type { DeadLetterSink } from "./dead-letter-sink.ts";
import { fullJitterBackoff } from "./full-jitter.ts";
import { type RecordIdStamper, recordIdStamper } from "./identity/record-id-stamper.ts";
import { protoBytesEncoder, strictJsonEncoder } from "./json-encoder.ts";
import { tokenBucketLimiter } from "./limits/token-bucket.ts";
import type { ProducerOptions } from "./producer-options.ts";
import type { ProducerSettings } from "./producer-settings.ts";
import type { RateLimiterFactory } from "../core/rate-limiter.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import type { Spool } from "./spool.ts";
import {
  readSpooledFormat,
  type SpooledFormat,
  spooledFormat,
  writeSpooledFormat,
} from "./spooled-format.ts";

/** What a producer is made of beside its lanes. */
export interface OpenedParts<T> {
  readonly encoder: RecordEncoder<T>;
  readonly stamper: RecordIdStamper | undefined;
  readonly limiter: RateLimiterFactory | undefined;
  readonly deadLetters: DeadLetterSink | undefined;
  readonly spool: Spool | undefined;
  /** The table's schema that records are made for, and where to ask for what it is now. */
  readonly watched: { readonly schema: TableSchema; readonly catalog: CatalogAccess } | undefined;
  /** Closes what was opened here. */
  close(): Promise<void>;
}

export interface PartsContext {
  readonly settings: ProducerSettings;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * Opens what the options name: files, spool, schema.
 * @throws ZerobusError of the part that cannot be opened; nothing is left open then
 */
export async function openParts<T>(
  options: ProducerOptions<T>,
  context: PartsContext,
): Promise<OpenedParts<T>> {
  const { settings, clock } = context;
  const stamper = options.recordId === undefined ? undefined : recordIdStamper(options.recordId);
  const limiter = limiterOf(options);
  const catalog =
    settings.unityCatalogUrl === "" ? undefined : catalogAccess(settings, options.tls, clock);
  const spool = await spoolOf(options, settings);
  try {
    const { encoder, schema } = await recordsOf(options, context, catalog, spool);
    if (options.recordId !== undefined && schema !== undefined) {
      checkIdColumn(options.recordId.column, schema);
    }
    const watched = schema === undefined || catalog === undefined ? undefined : { schema, catalog };
    const { deadLetters } = options;
    return {
      encoder,
      stamper,
      limiter,
      watched,
      spool,
      deadLetters:
        deadLetters !== undefined && "directory" in deadLetters
          ? await openDeadLetterFiles(deadLetters)
          : deadLetters,
      close: () => closeOwn(options, spool),
    };
  } catch (error) {
    await closeOwn(options, spool);
    throw error;
  }
}

/** The encoder that the options name; `schema` is the table's, where one is known. */
export function encoderOf<T>(
  options: ProducerOptions<T>,
  format: "proto" | "json",
  schema: TableSchema | undefined,
): RecordEncoder<T> {
  const { encoder, descriptor, schema: source } = options;
  if (encoder !== undefined) return encoder;
  if (descriptor !== undefined) return protoBytesEncoder<T>(descriptor);
  if (schema !== undefined && format === "json") return compileJsonEncoder<T>(schema);
  const shape = schema ?? (isSource(source) ? source : undefined);
  return shape === undefined ? strictJsonEncoder<T>() : compileProtoEncoder<T>(shape);
}

/** The table's schema that the options ask for. @throws ZerobusError why it cannot be had */
export async function schemaOf<T>(
  options: ProducerOptions<T>,
  context: PartsContext,
  catalog: CatalogAccess | undefined,
): Promise<TableSchema | undefined> {
  const { schema } = options;
  if (schema === "fetch" && catalog !== undefined) return fetchSchema(catalog, context);
  return isSource(schema) && "columns" in schema ? schema : undefined;
}

function isSource(schema: ProducerOptions<unknown>["schema"]): schema is RecordSource {
  return typeof schema === "object";
}

/** Asks until there is an answer, so long as the first stream may take. */
async function fetchSchema(
  catalog: CatalogAccess,
  { settings, clock, random }: PartsContext,
): Promise<TableSchema> {
  const { firstDelayMs, maxDelayMs, openTimeoutMs } = settings;
  const backoff = fullJitterBackoff(firstDelayMs, maxDelayMs);
  const untilMs = clock.nowMs() + openTimeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await catalog.fetchSchema();
    } catch (thrown) {
      const error = toZerobusError(thrown);
      const delayMs = backoff.delayMs(attempt, 0, random());
      if (!error.retryable || clock.nowMs() + delayMs >= untilMs) throw error;
      await new Promise<void>((resolve) => void clock.startTimer(delayMs, resolve));
    }
  }
}

async function recordsOf<T>(
  options: ProducerOptions<T>,
  context: PartsContext,
  catalog: CatalogAccess | undefined,
  spool: Spool | undefined,
): Promise<{ encoder: RecordEncoder<T>; schema: TableSchema | undefined }> {
  const { settings } = context;
  const directory = spoolDirectory(options);
  const saved = directory === undefined ? undefined : await readSpooledFormat(directory);
  const bound = spool !== undefined && spool.depth.records > 0 ? saved : undefined;
  const schema =
    options.schema === "fetch" && bound?.schema !== undefined
      ? bound.schema
      : await schemaOf(options, context, catalog);
  const encoder = encoderOf(options, settings.format, schema);
  const format = spooledFormat(encoder.format, encoder.descriptor, schema);
  if (bound !== undefined) checkSameFormat(bound, format, directory ?? "");
  else if (directory !== undefined) await writeSpooledFormat(directory, format);
  return { encoder, schema };
}

/** Records that are spooled cannot be encoded again. */
function checkSameFormat(saved: SpooledFormat, now: SpooledFormat, directory: string): void {
  if (saved.format === now.format && saved.descriptorSha256 === now.descriptorSha256) return;
  throw new ZerobusError(
    "schema_mismatch",
    `The spool in ${directory} holds ${saved.format} records made for another schema or format; deliver them with the former options first, or use another directory`,
  );
}

function spoolDirectory<T>({ spool }: ProducerOptions<T>): string | undefined {
  return spool !== undefined && "directory" in spool ? spool.directory : undefined;
}

async function spoolOf<T>(
  { spool }: ProducerOptions<T>,
  settings: ProducerSettings,
): Promise<Spool | undefined> {
  if (spool === undefined || !("directory" in spool)) return spool;
  return openSpool({ ...spool, label: settings.table });
}

async function closeOwn<T>(options: ProducerOptions<T>, spool: Spool | undefined): Promise<void> {
  if (spoolDirectory(options) !== undefined) await spool?.close();
}

function limiterOf<T>({ limits, limiter }: ProducerOptions<T>): RateLimiterFactory | undefined {
  if (limits === undefined || limits === "none") return limiter;
  return tokenBucketLimiter(limits);
}

function checkIdColumn(column: string, schema: TableSchema): void {
  const found = schema.columns.find(({ name }) => name === column);
  if (found?.type.kind === "string") return;
  const what = found === undefined ? "has no such column" : `has it as ${found.type.kind}`;
  throw new ZerobusError(
    "invalid_argument",
    `Producer option \`recordId.column\` is ${column}, but table ${schema.table} ${what}; it must be a STRING column`,
  );
}
