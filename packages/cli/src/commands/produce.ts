// SPDX-License-Identifier: Apache-2.0
import { type DeadLetterSink, openDeadLetterFiles, recordIdOf } from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import { type Environment, fromEnvironment, requireTableName } from "../environment.ts";
import { readCertificates } from "../produce/certificates.ts";
import {
  type Connection,
  type ConnectionOptions,
  resolveConnection,
} from "../produce/connection.ts";
import type { AckStrategy, EncodingName } from "../produce/option-names.ts";
import { batchCountFor, createPace } from "../produce/pace.ts";
import { produceProgress } from "../produce/produce-progress.ts";
import { type ProduceOutcome, ProduceRun } from "../produce/produce-run.ts";
import { createEncoding, type Encoding } from "../produce/record-encoding.ts";
import { exitCodeOf, type ProduceSummary, summaryLines } from "../produce/summary.ts";
import { lookUpTable, type TableLookup } from "../produce/workspace-api.ts";
import { formatOfPath, type InputFormat } from "../source/format.ts";
import { type Input, openInput } from "../source/input.ts";
import { RecordReader } from "../source/read-records.ts";
import { formatCounted } from "../terminal/numbers.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_CODES, type StopSignal, takeStopSignals } from "./signals.ts";

export interface ProduceOptions extends ConnectionOptions {
  readonly format?: InputFormat;
  readonly encoding: EncodingName;
  readonly batchSize: number;
  readonly streams: LaneRange;
  readonly key?: string;
  readonly rate?: number;
  readonly ack: AckStrategy;
  readonly idColumn?: string;
  readonly idFrom?: readonly string[];
  readonly deadLetter?: string;
  readonly spool?: string;
  /** Bytes. */
  readonly spoolSize: number;
  readonly follow?: boolean;
  readonly from: "start" | "end";
  /** Seconds. */
  readonly drainTimeout: number;
  readonly skipInvalid?: boolean;
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
  readonly json?: boolean;
}

/** How many streams there are at least and at most. */
export interface LaneRange {
  readonly min: number;
  readonly max: number;
}

/** Bounds what an interrupted or failed run leaves unsure, and the queueing part of the ack latency. */
const INFLIGHT_BYTES_PER_LANE = 16 * 1024 * 1024;
const MAX_INFLIGHT_BYTES = 128 * 1024 * 1024;

/** Sends a file or standard input to a table. @returns the exit code. */
export async function runProduce(
  tableArgument: string | undefined,
  fileArgument: string | undefined,
  options: ProduceOptions,
  context: CommandContext,
): Promise<number> {
  const { environment } = context;
  checkOptions(options);
  const { table, path } = resolveArguments(tableArgument, fileArgument, environment);
  const connection = resolveConnection(options, environment);
  const certificates = await readCertificates(options.ca ?? environment["SSL_CERT_FILE"]);
  const display = new Display(context);
  const follow =
    options.follow === true
      ? { from: options.from, tell: (line: string) => display.tell(line) }
      : undefined;
  const input = await openInput(path, context.stdin, follow);
  try {
    const lookup = await lookUp(connection, table, certificates, options);
    const encoding = createEncoding({
      table,
      // A spool may outlive the table's columns, which protobuf records are written by.
      encoding:
        options.spool !== undefined && options.encoding === "auto" ? "json" : options.encoding,
      lookup,
      keyColumn: options.key,
      idColumn: options.idColumn,
      idFrom: options.idFrom,
    });
    const deadLetters = await openDeadLetters(options);
    return await produce({
      table,
      options,
      connection,
      certificates,
      input,
      lookup,
      encoding,
      deadLetters,
      display,
      context,
    });
  } finally {
    input.stop();
  }
}

function checkOptions({ follow, format, from, skipInvalid, deadLetter }: ProduceOptions): void {
  if (follow !== true && from === "end") throw new CliError("--from end goes with --follow only");
  if (follow === true && format === "parquet") {
    throw new CliError("a Parquet file is read from its end; it cannot be followed");
  }
  if (follow === true && from === "end" && format !== undefined && format !== "ndjson") {
    throw new CliError("--from end needs --format ndjson: other formats begin at the file's start");
  }
  if (skipInvalid === true && deadLetter !== undefined) {
    throw new CliError("--skip-invalid and --dead-letter exclude each other; give one of them");
  }
}

/** Letters say the ids that records have. */
async function openDeadLetters({
  deadLetter,
  idColumn,
}: ProduceOptions): Promise<DeadLetterSink | undefined> {
  if (deadLetter === undefined) return undefined;
  const files = await openDeadLetterFiles({ directory: deadLetter });
  if (idColumn === undefined) return files;
  return {
    write: (letter) => {
      const recordId = recordIdOf(letter, idColumn);
      return files.write(recordId === undefined ? letter : { ...letter, recordId });
    },
    close: () => files.close(),
  };
}

/** With a spool, records can be taken while the service is away. */
async function lookUp(
  connection: Connection,
  table: string,
  certificates: Buffer | undefined,
  { spool }: ProduceOptions,
): Promise<TableLookup> {
  if (spool === undefined) return lookUpTable(connection, table, certificates);
  try {
    return await lookUpTable(connection, table, certificates);
  } catch (reason) {
    if (reason instanceof CliError && reason.isUnreachable) {
      return { kind: "unknown", reason: reason.message };
    }
    throw reason;
  }
}

/** With `ZEROBUS_TABLE_NAME` set, a single argument may be the file. */
function resolveArguments(
  first: string | undefined,
  second: string | undefined,
  environment: Environment,
): { table: string; path: string } {
  const isFile = first !== undefined && (first === "-" || formatOfPath(first) !== undefined);
  if (second === undefined && isFile && fromEnvironment(environment, "table") !== undefined) {
    return { table: requireTableName(undefined, environment), path: first };
  }
  return { table: requireTableName(first, environment), path: second ?? "-" };
}

interface ProduceParts {
  readonly table: string;
  readonly options: ProduceOptions;
  readonly connection: Connection;
  readonly certificates: Buffer | undefined;
  readonly input: Input;
  readonly lookup: TableLookup;
  readonly encoding: Encoding;
  readonly deadLetters: DeadLetterSink | undefined;
  readonly display: Display;
  readonly context: CommandContext;
}

/** One run from the opening of streams to the summary. */
async function produce(parts: ProduceParts): Promise<number> {
  const { options, input, display } = parts;
  const stopReading = new AbortController();
  const giveUp = new AbortController();
  const reader = readerOf(parts, stopReading.signal);
  const run = runOf(parts, reader, stopReading, giveUp.signal);
  const signals = takeStopSignals();
  let stopSignal: StopSignal | undefined;
  void signals.first.then((signal) => {
    stopSignal = signal;
    stopReading.abort();
    const held = formatCounted(run.counts.inflightCount, "record");
    if (!run.isOpen) return;
    display.tell(
      `${signal}: no more is read; waiting up to ${options.drainTimeout} s for the acks of ${held}; once more gives them up`,
    );
  });
  void signals.second.then(() => giveUp.abort());
  const startedAtMs = performance.now();
  try {
    display.start(() => {
      const { totalBytes } = input;
      const isKnown = totalBytes !== undefined && totalBytes > 0;
      return produceProgress(run, isKnown ? reader.readBytes / totalBytes : undefined);
    });
    const outcome = await run.run();
    display.stop();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const summary = summarize(parts, run, reader, outcome, seconds, stopSignal);
    await report(parts, run, summary);
    if (outcome.error !== undefined) throw outcome.error;
    if (giveUp.signal.aborted || !outcome.isOpened)
      process.exit(EXIT_CODES[stopSignal ?? "SIGINT"]);
    return stopSignal === undefined ? exitCodeOf(summary) : EXIT_CODES[stopSignal];
  } finally {
    display.stop();
    signals.release();
  }
}

function readerOf(parts: ProduceParts, signal: AbortSignal): RecordReader {
  const { input, options, lookup, table } = parts;
  const { skipInvalid, deadLetter } = options;
  return new RecordReader(input, {
    format: options.format ?? formatOfPath(input.name),
    batchRecordCount: batchCountFor(options.rate, options.batchSize),
    onInvalid: skipInvalid === true ? "skip" : deadLetter === undefined ? "fail" : "keep",
    signal,
    tableFields: async () => {
      if (lookup.kind === "found") return lookup.schema.columns;
      throw new CliError(
        `the columns of table ${table} could not be had (${lookup.reason}), and CSV needs them; convert the input to NDJSON`,
      );
    },
  });
}

function runOf(
  parts: ProduceParts,
  reader: RecordReader,
  stopReading: AbortController,
  giveUp: AbortSignal,
): ProduceRun {
  const { table, options, connection, certificates, input, encoding, display } = parts;
  const { client, endpoint, workspaceUrl } = connection;
  const { min, max } = options.streams;
  return new ProduceRun({
    table,
    inputName: input.name,
    reader,
    encoding,
    target: {
      endpoint,
      unityCatalogUrl: workspaceUrl,
      auth: client === undefined ? "none" : { clientId: client.id, clientSecret: client.secret },
      lanes: {
        min,
        max,
        ...(options.key === undefined
          ? {}
          : { key: ({ key }: { key: string | number | bigint | Uint8Array }) => key }),
      },
      maxInflightBytes: Math.min(MAX_INFLIGHT_BYTES, INFLIGHT_BYTES_PER_LANE * max),
      ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
    },
    ack: options.ack,
    pace: createPace(options.rate),
    skipInvalid: options.skipInvalid ?? false,
    deadLetters: parts.deadLetters,
    spool:
      options.spool === undefined
        ? undefined
        : { directory: options.spool, maxBytes: options.spoolSize },
    drainTimeoutMs: options.drainTimeout * 1000,
    stopReading,
    giveUp,
    tell: (line) => display.tell(line),
  });
}

function summarize(
  { table, encoding }: ProduceParts,
  run: ProduceRun,
  reader: RecordReader,
  outcome: ProduceOutcome,
  seconds: number,
  stopSignal: StopSignal | undefined,
): ProduceSummary {
  const { counts } = run;
  const { acknowledgedCount, deadLetteredCount, latencies } = counts;
  const skipped = reader.skippedCount + run.skippedCount;
  const isWhole =
    outcome.unacknowledgedCount + outcome.spooledCount + skipped + deadLetteredCount === 0;
  return {
    table,
    complete: isWhole && outcome.error === undefined && stopSignal === undefined,
    interrupted: stopSignal !== undefined,
    encoding: encoding.format,
    records: run.readCount + reader.invalidCount,
    acknowledged: acknowledgedCount,
    unacknowledged: outcome.unacknowledgedCount,
    resent: counts.resentCount,
    reconnects: counts.reconnectCount,
    throttledStreams: run.throttledStreams.size,
    skipped,
    deadLettered: deadLetteredCount,
    spooled: outcome.spooledCount,
    bytes: reader.readBytes,
    seconds: rounded(seconds, 3),
    recordsPerSecond: Math.round(acknowledgedCount / seconds),
    ackP50Ms: rounded(latencies.quantileMs(0.5), 3),
    ackP99Ms: rounded(latencies.quantileMs(0.99), 3),
    error: outcome.error === undefined ? null : messageOf(outcome.error),
  };
}

async function report(
  { options, context }: ProduceParts,
  run: ProduceRun,
  summary: ProduceSummary,
): Promise<void> {
  const { screen } = context;
  const isEmptyFailure = summary.error !== null && summary.records === 0;
  if (options.json === true) {
    if (!isEmptyFailure) await screen.print(JSON.stringify(summary));
  } else if (!isEmptyFailure) await screen.print(...summaryLines(summary, screen.style));
  const { skipped, deadLettered } = summary;
  if (skipped > 0) {
    screen.tell(
      `skipped ${formatCounted(skipped, "invalid record")}; the first: ${run.firstRefusal}`,
    );
  }
  if (deadLettered > 0) {
    screen.tell(
      `${formatCounted(deadLettered, "invalid record")} in ${options.deadLetter}; the first: ${run.firstRefusal}`,
    );
  }
}

/** The progress line, and lines above it. */
class Display {
  readonly #context: CommandContext;
  #progress: Progress | undefined;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  start(read: Parameters<typeof startProgress>[0]["read"]): void {
    const { errorOutput, errorStyle } = this.#context.screen;
    this.#progress = startProgress({ output: errorOutput, style: errorStyle, read });
  }

  tell(line: string): void {
    if (this.#progress === undefined) this.#context.screen.tell(line);
    else this.#progress.print(line);
  }

  stop(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }
}

function rounded(value: number, digits: number): number;
function rounded(value: number | undefined, digits: number): number | null;
function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
