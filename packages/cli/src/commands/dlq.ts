// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import {
  type DamagedLine,
  type DeadLetterFilter,
  type ErrorCode,
  listDeadLetters,
  markDeadLettersReplayed,
  readDeadLetters,
  RecordType,
  type StoredDeadLetter,
  ZerobusError,
  ZerobusSdk,
  type ZerobusStream,
} from "@sluice/client";
import { ERROR_CODES } from "@sluice/protocol";
import { CliError, messageOf } from "../cli-error.ts";
import { type RefusedLetter, replayLetters } from "../dlq/replay-letters.ts";
import { readCertificates } from "../produce/certificates.ts";
import {
  type Connection,
  type ConnectionOptions,
  resolveConnection,
} from "../produce/connection.ts";
import { formatBytes, formatCount, formatCounted } from "../terminal/numbers.ts";
import { printable } from "../terminal/display-text.ts";
import type { Style } from "../terminal/style.ts";
import { textTable } from "../terminal/text-table.ts";
import type { CommandContext } from "./context.ts";

interface DlqFilterOptions {
  readonly table?: string;
  readonly code?: string;
  readonly json?: boolean;
}

export type DlqListOptions = DlqFilterOptions;

export interface DlqShowOptions extends DlqFilterOptions {
  readonly limit: number;
  readonly all?: boolean;
}

export interface DlqReplayOptions extends DlqFilterOptions, ConnectionOptions {
  readonly limit?: number;
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
}

/** What `sluice dlq replay` has done; the shape of its `--json` output. */
export interface ReplaySummary {
  readonly directory: string;
  readonly replayed: number;
  /** Refused again; they stay. */
  readonly refused: number;
  /** Tables that could not be written to, and why. Their letters stay. */
  readonly failures: readonly { readonly table: string; readonly error: string }[];
}

const MAX_SHOWN_REFUSALS = 10;
const MAX_SHOWN_RECORD = 500;

export async function listDeadLettersCommand(
  directory: string,
  options: DlqListOptions,
  { screen }: CommandContext,
): Promise<void> {
  const code = errorCodeOf(options.code);
  const { files, groups, damaged } = await listDeadLetters(directory);
  const chosen = groups.filter(
    (group) =>
      (options.table === undefined || group.table === options.table) &&
      (code === undefined || group.code === code),
  );
  if (options.json === true) {
    await screen.print(JSON.stringify({ directory, files, groups: chosen, damaged }));
    return;
  }
  tellDamaged(damaged, { screen });
  if (chosen.length === 0) {
    screen.tell(`no dead letters wait in ${directory}`);
    return;
  }
  const rows = chosen.map(({ table, code: groupCode, count, bytes, oldest, newest }) => [
    table,
    groupCode,
    formatCount(count),
    formatBytes(bytes),
    oldest.toISOString(),
    newest.toISOString(),
  ]);
  const head = [
    { title: "table" },
    { title: "error" },
    { title: "letters", align: "right" },
    { title: "bytes", align: "right" },
    { title: "oldest" },
    { title: "newest" },
  ] as const;
  await screen.print(...textTable(head, rows, screen));
}

export async function showDeadLettersCommand(
  directory: string,
  options: DlqShowOptions,
  { screen }: CommandContext,
): Promise<void> {
  const damaged: DamagedLine[] = [];
  const filter = filterOf(options, damaged);
  const includeReplayed = options.all ?? false;
  let count = 0;
  for await (const letter of readDeadLetters(directory, { ...filter, includeReplayed })) {
    if (options.json === true) await screen.print(letterJson(letter));
    else await screen.print(...letterLines(letter, screen.style));
    count += 1;
    if (count === options.limit) break;
  }
  tellDamaged(damaged, { screen });
  if (count === 0 && options.json !== true) screen.tell(`no dead letters wait in ${directory}`);
}

/** @returns the exit code. */
export async function replayDeadLettersCommand(
  directory: string,
  options: DlqReplayOptions,
  context: CommandContext,
): Promise<number> {
  const connection = resolveConnection(options, context.environment);
  const file = options.ca ?? context.environment["SSL_CERT_FILE"];
  const certificates = await readCertificates(file);
  const sdk = new ZerobusSdk(connection.endpoint, connection.workspaceUrl, {
    applicationName: "sluice-dlq",
    ...(certificates === undefined ? {} : { ca: certificates }),
  });
  try {
    const replay = new Replay(directory, options, connection, sdk, context);
    const summary = await replay.run();
    await printSummary(summary, options, context);
    return summary.refused === 0 && summary.failures.length === 0 ? 0 : 1;
  } finally {
    sdk.close();
  }
}

/** One stream's worth of letters: the same table, format and descriptor. */
interface LetterGroup {
  readonly key: string;
  readonly table: string;
  readonly format: "proto" | "json";
  readonly descriptor: Uint8Array | undefined;
  count: number;
}

class Replay {
  readonly #directory: string;
  readonly #options: DlqReplayOptions;
  readonly #connection: Connection;
  readonly #sdk: ZerobusSdk;
  readonly #context: CommandContext;
  #replayed = 0;
  #refused = 0;

  constructor(
    directory: string,
    options: DlqReplayOptions,
    connection: Connection,
    sdk: ZerobusSdk,
    context: CommandContext,
  ) {
    this.#directory = directory;
    this.#options = options;
    this.#connection = connection;
    this.#sdk = sdk;
    this.#context = context;
  }

  async run(): Promise<ReplaySummary> {
    const failures: { table: string; error: string }[] = [];
    for (const group of await this.#findGroups()) {
      try {
        await replayLetters({
          letters: this.#lettersOf(group),
          openStream: () => this.#openStream(group),
          onAcknowledged: async (letters) => {
            await markDeadLettersReplayed(this.#directory, letters);
            this.#replayed += letters.length;
          },
          onRefused: (refused) => this.#noteRefused(refused),
        });
      } catch (error) {
        if (!(error instanceof ZerobusError)) throw error;
        failures.push({ table: group.table, error: messageOf(error) });
      }
    }
    const { directory, replayed, refused } = {
      directory: this.#directory,
      replayed: this.#replayed,
      refused: this.#refused,
    };
    return { directory, replayed, refused, failures };
  }

  /** What is to be sent, counted before anything is, so that the limit holds over all groups. */
  async #findGroups(): Promise<LetterGroup[]> {
    const groups = new Map<string, LetterGroup>();
    const damaged: DamagedLine[] = [];
    let count = 0;
    for await (const letter of readDeadLetters(this.#directory, filterOf(this.#options, damaged))) {
      const { table, format, descriptor } = letter;
      const key = groupKeyOf(letter);
      const group = groups.get(key) ?? { key, table, format, descriptor, count: 0 };
      group.count += 1;
      groups.set(key, group);
      count += 1;
      if (count === this.#options.limit) break;
    }
    tellDamaged(damaged, this.#context);
    return [...groups.values()];
  }

  async *#lettersOf({ key, count }: LetterGroup): AsyncGenerator<StoredDeadLetter> {
    let left = count;
    if (left === 0) return;
    for await (const letter of readDeadLetters(this.#directory, filterOf(this.#options, []))) {
      if (groupKeyOf(letter) !== key) continue;
      yield letter;
      left -= 1;
      if (left === 0) return;
    }
  }

  #openStream({ table, format, descriptor }: LetterGroup): Promise<ZerobusStream> {
    const { id, secret } = this.#connection.client ?? { id: "", secret: "" };
    const isJson = format === "json";
    if (!isJson && descriptor === undefined) {
      throw new ZerobusError(
        "invalid_argument",
        "the letters have no descriptor of their records; a protobuf record cannot be sent without",
      );
    }
    const descriptorProto = isJson ? undefined : Buffer.from(descriptor ?? []).toString("base64");
    return this.#sdk.createStream(
      { tableName: table, ...(descriptorProto === undefined ? {} : { descriptorProto }) },
      id,
      secret,
      { recordType: isJson ? RecordType.Json : RecordType.Proto },
      this.#connection.client === undefined ? { getHeadersCallback: () => [] } : undefined,
    );
  }

  #noteRefused({ letter, reason }: RefusedLetter): void {
    this.#refused += 1;
    if (this.#refused > MAX_SHOWN_REFUSALS) return;
    this.#context.screen.tell(`refused again: ${letter.id}: ${printable(reason)}`);
  }
}

async function printSummary(
  summary: ReplaySummary,
  { json }: DlqReplayOptions,
  { screen }: CommandContext,
): Promise<void> {
  for (const { table, error } of summary.failures) {
    screen.tell(screen.errorStyle.red(`table ${table}: ${printable(error)}`));
  }
  if (json === true) {
    await screen.print(JSON.stringify(summary));
    return;
  }
  const { replayed, refused, directory } = summary;
  const stays = refused === 0 ? "" : `; ${formatCounted(refused, "letter")} refused again, kept`;
  await screen.print(`replayed ${formatCounted(replayed, "letter")} of ${directory}${stays}`);
}

function filterOf(options: DlqFilterOptions, damaged: DamagedLine[]): DeadLetterFilter {
  const code = errorCodeOf(options.code);
  return {
    ...(options.table === undefined ? {} : { table: options.table }),
    ...(code === undefined ? {} : { code }),
    onDamage: (line) => damaged.push(line),
  };
}

function errorCodeOf(text: string | undefined): ErrorCode | undefined {
  if (text === undefined) return undefined;
  if (Object.hasOwn(ERROR_CODES, text)) return text as ErrorCode;
  throw new CliError(`${text} is no error code; known are ${Object.keys(ERROR_CODES).join(", ")}`);
}

function groupKeyOf({ table, format, descriptor }: StoredDeadLetter): string {
  const hash =
    descriptor === undefined ? "" : createHash("sha256").update(descriptor).digest("hex");
  return `${table}\n${format}\n${hash}`;
}

function letterJson({ record, descriptor, ...letter }: StoredDeadLetter): string {
  const text = letter.format === "json" ? Buffer.from(record).toString() : undefined;
  return JSON.stringify({
    ...letter,
    descriptor: descriptor === undefined ? undefined : Buffer.from(descriptor).toString("base64"),
    record: Buffer.from(record).toString("base64"),
    text,
  });
}

function letterLines(letter: StoredDeadLetter, style: Style): string[] {
  const { id, table, code, reason, at, record, recordId, format, isReplayed } = letter;
  const bytes = Buffer.from(record);
  const text = format === "json" ? bytes.toString() : `0x${bytes.toString("hex")}`;
  const shown = text.length > MAX_SHOWN_RECORD ? `${text.slice(0, MAX_SHOWN_RECORD)}…` : text;
  return [
    style.bold(
      `${at.toISOString()}  ${printable(table)}  ${code}${isReplayed ? "  replayed" : ""}`,
    ),
    `  id      ${id}${recordId === undefined ? "" : ` (record ${printable(recordId)})`}`,
    `  reason  ${printable(reason)}`,
    `  record  ${printable(shown)}`,
  ];
}

function tellDamaged(
  damaged: readonly DamagedLine[],
  { screen }: Pick<CommandContext, "screen">,
): void {
  for (const { file, line, reason } of damaged) {
    screen.tell(`${file}, line ${line} is passed over: ${reason}`);
  }
}
