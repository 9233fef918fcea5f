// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorCode } from "@sluice/protocol";
import { syncDirectory } from "../io/durable-directory.ts";
import type { DeadLetter } from "../producer/dead-letter-sink.ts";
import { deadLetterError, letterFileNames, replayedFileName } from "./letter-directory.ts";
import { readLine } from "./letter-line.ts";

/** A dead letter read back. */
export interface StoredDeadLetter extends DeadLetter {
  readonly id: string;
  /** Name of the file it is in. */
  readonly file: string;
  /** Whether it was delivered since. */
  readonly isReplayed: boolean;
}

/** A line that is passed over. */
export interface DamagedLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface DeadLetterFilter {
  readonly table?: string;
  readonly code?: ErrorCode;
  /** @default false: replayed letters are passed over */
  readonly includeReplayed?: boolean;
  /** Told of lines that cannot be read, such as the last one of a process that was killed. */
  readonly onDamage?: (damage: DamagedLine) => void;
}

export interface DeadLetterFileSummary {
  readonly file: string;
  readonly bytes: number;
  /** Letters not replayed. */
  readonly waiting: number;
  readonly replayed: number;
}

/** Letters of one table and code that were not replayed. */
export interface DeadLetterGroup {
  readonly table: string;
  readonly code: ErrorCode;
  readonly count: number;
  readonly bytes: number;
  readonly oldest: Date;
  readonly newest: Date;
}

export interface DeadLetterListing {
  readonly files: readonly DeadLetterFileSummary[];
  /** By table, then code. */
  readonly groups: readonly DeadLetterGroup[];
  readonly damaged: readonly DamagedLine[];
}

/**
 * Dead letters in the order they were written. Letters written meanwhile may or may not come.
 * @throws ZerobusError `not_found` without the directory; `unavailable` when it cannot be read
 */
export async function* readDeadLetters(
  directory: string,
  filter: DeadLetterFilter = {},
): AsyncGenerator<StoredDeadLetter, void, void> {
  const { table, code, includeReplayed = false, onDamage } = filter;
  for (const file of await letterFileNames(directory)) {
    for await (const letter of readFileLetters(directory, file, onDamage)) {
      if (letter.isReplayed && !includeReplayed) continue;
      if (table !== undefined && letter.table !== table) continue;
      if (code !== undefined && letter.code !== code) continue;
      yield letter;
    }
  }
}

/** What a directory of dead letters holds. @throws as {@link readDeadLetters} */
export async function listDeadLetters(directory: string): Promise<DeadLetterListing> {
  const files: DeadLetterFileSummary[] = [];
  const groups = new Map<string, DeadLetterGroup>();
  const damaged: DamagedLine[] = [];
  for (const file of await letterFileNames(directory)) {
    let waiting = 0;
    let replayed = 0;
    for await (const letter of readFileLetters(directory, file, (line) => damaged.push(line))) {
      if (letter.isReplayed) {
        replayed += 1;
        continue;
      }
      waiting += 1;
      const key = `${letter.table}\n${letter.code}`;
      groups.set(key, withLetter(groups.get(key), letter));
    }
    const { size: bytes } = await stat(join(directory, file));
    files.push({ file, bytes, waiting, replayed });
  }
  const sorted = [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
  return { files, groups: sorted.map(([, group]) => group), damaged };
}

/**
 * Notes on disk that letters were delivered. Their lines stay where they are; they are passed over from then on.
 * @throws ZerobusError `unavailable`
 */
export async function markDeadLettersReplayed(
  directory: string,
  letters: Iterable<Pick<StoredDeadLetter, "id" | "file">>,
): Promise<void> {
  const idsByFile = new Map<string, string[]>();
  for (const { id, file } of letters) {
    const ids = idsByFile.get(file) ?? [];
    ids.push(id);
    idsByFile.set(file, ids);
  }
  try {
    for (const [file, ids] of idsByFile) {
      const handle = await open(join(directory, replayedFileName(file)), "a", 0o600);
      try {
        // The first line feed ends a line that a crash has torn.
        await handle.appendFile(`\n${ids.join("\n")}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    }
    await syncDirectory(directory);
  } catch (error) {
    throw deadLetterError(error, directory);
  }
}

async function* readFileLetters(
  directory: string,
  file: string,
  onDamage: ((damage: DamagedLine) => void) | undefined,
): AsyncGenerator<StoredDeadLetter, void, void> {
  const replayed = await readReplayedIds(directory, file);
  const descriptors = new Map<string, Uint8Array>();
  let lineNumber = 0;
  try {
    for await (const { text, isWhole } of linesOfFile(join(directory, file))) {
      lineNumber += 1;
      const line = isWhole ? readLine(text) : TORN_LINE;
      if (line.kind === "damaged") onDamage?.({ file, line: lineNumber, reason: line.reason });
      if (line.kind === "descriptor") descriptors.set(line.sha256, line.descriptor);
      if (line.kind !== "letter") continue;
      const { kind: _kind, descriptorSha256, ...letter } = line;
      const descriptor =
        descriptorSha256 === undefined ? undefined : descriptors.get(descriptorSha256);
      if (descriptorSha256 !== undefined && descriptor === undefined) {
        const reason = `its descriptor ${descriptorSha256} is not in the file`;
        onDamage?.({ file, line: lineNumber, reason });
      }
      const isReplayed = replayed.has(line.id);
      yield { ...letter, ...(descriptor === undefined ? {} : { descriptor }), file, isReplayed };
    }
  } catch (error) {
    throw deadLetterError(error, directory);
  }
}

const TORN_LINE = {
  kind: "damaged",
  reason: "it ends in the middle, as a crash leaves it",
} as const;

async function readReplayedIds(directory: string, file: string): Promise<ReadonlySet<string>> {
  try {
    return new Set((await readFile(join(directory, replayedFileName(file)), "utf8")).split("\n"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Set();
    throw deadLetterError(error, directory);
  }
}

/** Lines end at line feeds only: other line separators may be part of a JSON text. */
async function* linesOfFile(path: string): AsyncGenerator<{ text: string; isWhole: boolean }> {
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield { text: Buffer.concat(parts).toString(), isWhole: true };
      parts = [];
      start = end + 1;
    }
    if (start < chunk.byteLength) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield { text: Buffer.concat(parts).toString(), isWhole: false };
}

function withLetter(
  group: DeadLetterGroup | undefined,
  { table, code, record, at }: DeadLetter,
): DeadLetterGroup {
  const bytes = record.byteLength;
  if (group === undefined) return { table, code, count: 1, bytes, oldest: at, newest: at };
  return {
    table,
    code,
    count: group.count + 1,
    bytes: group.bytes + bytes,
    oldest: at < group.oldest ? at : group.oldest,
    newest: at > group.newest ? at : group.newest,
  };
}
