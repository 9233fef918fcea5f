// SPDX-License-Identifier: Apache-2.0
import { RecordType, type StreamStateChange, ZerobusSdk, type ZerobusStream } from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import { type Environment, fromEnvironment, requireTableName } from "../environment.ts";
import { AckTracker } from "../produce/ack-tracker.ts";
import { readCertificates } from "../produce/certificates.ts";
import {
  type Connection,
  type ConnectionOptions,
  resolveConnection,
} from "../produce/connection.ts";
import { type ProduceOutcome, produceRecords } from "../produce/produce-records.ts";
import { type ProduceSummary, summaryLines } from "../produce/summary.ts";
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
  readonly batchSize: number;
  readonly skipInvalid?: boolean;
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
  readonly json?: boolean;
}

/** Bounds what an interrupted or failed run leaves unsure, and the queueing part of the ack latency. */
const MAX_INFLIGHT_BYTES = 16 * 1024 * 1024;
/** With two seconds between attempts, an outage of some minutes is survived. */
const RECOVERY_RETRIES = 150;

/** Sends a file or standard input to a table. @returns the exit code. */
export async function runProduce(
  tableArgument: string | undefined,
  fileArgument: string | undefined,
  options: ProduceOptions,
  context: CommandContext,
): Promise<number> {
  const { environment } = context;
  const { table, path } = resolveArguments(tableArgument, fileArgument, environment);
  const connection = resolveConnection(options, environment);
  const certificates = await readCertificates(options.ca ?? environment["SSL_CERT_FILE"]);
  const input = await openInput(path, context.stdin);
  try {
    const lookup = await lookUpTable(connection, table, certificates);
    return await new Run({
      table,
      options,
      connection,
      certificates,
      input,
      lookup,
      context,
    }).run();
  } finally {
    input.stream.destroy();
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

interface RunParts {
  readonly table: string;
  readonly options: ProduceOptions;
  readonly connection: Connection;
  readonly certificates: Buffer | undefined;
  readonly input: Input;
  readonly lookup: TableLookup;
  readonly context: CommandContext;
}

/** One run from the opening of the stream to the summary. */
class Run {
  readonly #parts: RunParts;
  readonly #acks = new AckTracker();
  readonly #stopReading = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #reader: RecordReader;
  #signal: StopSignal | undefined;
  #progress: Progress | undefined;
  #recoveryCause = "";

  constructor(parts: RunParts) {
    this.#parts = parts;
    const { input, options, lookup, table } = parts;
    this.#reader = new RecordReader(input, {
      format: options.format ?? formatOfPath(input.name),
      batchRecordCount: options.batchSize,
      skipInvalid: options.skipInvalid ?? false,
      signal: this.#stopReading.signal,
      tableFields: async () => {
        if (lookup.kind === "found") return lookup.fields;
        throw new CliError(
          `the columns of table ${table} could not be had (${lookup.reason}), and CSV needs them; convert the input to NDJSON`,
        );
      },
    });
  }

  async run(): Promise<number> {
    const { connection, certificates, options, context } = this.#parts;
    const { screen } = context;
    const signals = takeStopSignals();
    void signals.first.then((signal) => this.#stop(signal));
    void signals.second.then(() => this.#giveUp.abort());
    const trust = certificates === undefined ? {} : { ca: certificates };
    const sdk = new ZerobusSdk(connection.endpoint, connection.workspaceUrl, {
      applicationName: "sluice-produce",
      ...trust,
    });
    const startedAtMs = performance.now();
    try {
      const stream = await this.#openStream(sdk);
      this.#progress = startProgress({
        output: screen.errorOutput,
        style: screen.errorStyle,
        read: () => this.#progressState(),
      });
      const outcome = await produceRecords({
        reader: this.#reader,
        stream,
        acks: this.#acks,
        giveUp: this.#giveUp.signal,
      });
      this.#progress.stop();
      const seconds = (performance.now() - startedAtMs) / 1000;
      const summary = this.#summarize(stream, outcome, seconds);
      const isEmptyFailure = outcome.error !== undefined && summary.records === 0;
      if (options.json === true) await screen.print(JSON.stringify(summary));
      else if (!isEmptyFailure) await screen.print(...summaryLines(summary, screen.style));
      this.#tellSkipped();
      if (outcome.error !== undefined) throw this.#explain(outcome.error);
      if (this.#giveUp.signal.aborted) process.exit(EXIT_CODES[this.#signal ?? "SIGINT"]);
      if (this.#signal !== undefined) return EXIT_CODES[this.#signal];
      return summary.complete ? 0 : 1;
    } finally {
      this.#progress?.stop();
      signals.release();
      sdk.close();
    }
  }

  #openStream(sdk: ZerobusSdk): Promise<ZerobusStream> {
    const { connection, table } = this.#parts;
    const { id, secret } = connection.client ?? { id: "", secret: "" };
    const opening = sdk.createStream(
      { tableName: table },
      id,
      secret,
      {
        recordType: RecordType.Json,
        maxInflightBytes: MAX_INFLIGHT_BYTES,
        recoveryRetries: RECOVERY_RETRIES,
        onAck: () => this.#acks.acknowledged(performance.now()),
        onStateChange: (change) => this.#tellChange(change),
        signal: this.#stopReading.signal,
      },
      connection.client === undefined ? { getHeadersCallback: () => [] } : undefined,
    );
    return opening;
  }

  #stop(signal: StopSignal): void {
    this.#signal = signal;
    this.#stopReading.abort();
    const held = formatCounted(this.#acks.unacknowledgedRecordCount, "record");
    this.#tell(
      `${signal}: no more is read; waiting for the acks of ${held}; once more gives them up`,
    );
  }

  #tell(line: string): void {
    if (this.#progress === undefined) this.#parts.context.screen.tell(line);
    else this.#progress.print(line);
  }

  #tellChange({ from, to, attempt, error, endpoint }: StreamStateChange): void {
    const isRecovery = to === "authenticating" || to === "backingOff";
    const isFailure = error !== undefined && isRecovery && from !== "backingOff";
    if (isFailure && error.message !== this.#recoveryCause) {
      const place = this.#recoveryCause === "" ? `connection to ${endpoint}` : `attempt ${attempt}`;
      this.#recoveryCause = error.message;
      this.#tell(`${place}: ${error.message}; trying again`);
    }
    if (to === "streaming" && this.#recoveryCause !== "") {
      this.#recoveryCause = "";
      this.#tell("connected again; what was not acknowledged is sent again");
    }
  }

  #tellSkipped(): void {
    const { skippedCount, firstSkipped } = this.#reader;
    if (skippedCount === 0) return;
    this.#parts.context.screen.tell(
      `skipped ${formatCounted(skippedCount, "invalid record")}; the first: ${firstSkipped}`,
    );
  }

  #progressState(): { fraction: number | undefined; recordCount: number; note?: string } {
    const { totalBytes } = this.#parts.input;
    const { skippedCount, readBytes } = this.#reader;
    const { acknowledgedRecordCount: recordCount, submittedRecordCount } = this.#acks;
    const acknowledgedShare = submittedRecordCount === 0 ? 0 : recordCount / submittedRecordCount;
    const fraction =
      totalBytes === undefined || totalBytes === 0
        ? undefined
        : (readBytes / totalBytes) * acknowledgedShare;
    return {
      fraction,
      recordCount,
      ...(skippedCount === 0 ? {} : { note: formatCounted(skippedCount, "invalid record") }),
    };
  }

  #summarize(stream: ZerobusStream, { error }: ProduceOutcome, seconds: number): ProduceSummary {
    const { resentRecords, reconnects } = stream.statistics;
    const { submittedRecordCount, acknowledgedRecordCount, latencies } = this.#acks;
    const isWhole = acknowledgedRecordCount === submittedRecordCount;
    return {
      table: this.#parts.table,
      complete: isWhole && error === undefined && this.#signal === undefined,
      interrupted: this.#signal !== undefined,
      records: submittedRecordCount,
      acknowledged: acknowledgedRecordCount,
      resent: resentRecords,
      reconnects,
      skipped: this.#reader.skippedCount,
      bytes: this.#reader.readBytes,
      seconds: rounded(seconds, 3),
      recordsPerSecond: Math.round(acknowledgedRecordCount / seconds),
      ackP50Ms: rounded(latencies.quantileMs(0.5), 3),
      ackP99Ms: rounded(latencies.quantileMs(0.99), 3),
      error: error === undefined ? null : messageOf(error),
    };
  }

  #explain(error: unknown): unknown {
    const call = this.#acks.oldestUnacknowledged;
    if (call === undefined || error instanceof CliError) return error;
    const first = `${this.#parts.input.name}, line ${call.firstLine}`;
    const place = call.recordCount === 1 ? first : `${first} to line ${call.lastLine}`;
    return new CliError(messageOf(error), {
      cause: error,
      hints: [
        `The first batch that was not acknowledged: ${place} (${formatCounted(call.recordCount, "record")}).`,
      ],
    });
  }
}

function rounded(value: number, digits: number): number;
function rounded(value: number | undefined, digits: number): number | null;
function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
