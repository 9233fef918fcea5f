// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { openParquetFile, type ParquetFile } from "../scan/parquet/parquet-file.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type {
  AddAction,
  DomainMetadataAction,
  MetadataAction,
  ProtocolAction,
  RemoveAction,
  SidecarAction,
  TxnAction,
} from "./actions.ts";
import { CheckpointBlock, presentRows } from "./checkpoint-block.ts";
import { readActions } from "./commit-codec.ts";
import { decodeDataPath } from "./data-path.ts";
import { FileSet } from "./file-set.ts";
import type { FileBlock } from "./file-index.ts";
import { FieldProblem, type JsonObject } from "./json-fields.ts";
import { LOG_DIRECTORY, SIDECAR_DIRECTORY } from "./log-files.ts";
import type { CheckpointFiles } from "./log-segment.ts";
import {
  parseAdd,
  parseCheckpointMetadata,
  parseDomainMetadata,
  parseMetadata,
  parseProtocol,
  parseRemove,
  parseSidecar,
  parseTxn,
} from "./parse-actions.ts";
import { readRowGroup, type RowGroupColumns } from "./parquet/row-group.ts";
import { type ReadNode, readNodeOf } from "./parquet/schema-tree.ts";
import type { CheckpointState } from "./snapshot.ts";

/** What makes up a snapshot besides its files; tombstones (`remove`) matter to checkpoints and vacuums only. */
const STATE_COLUMNS = [
  "protocol",
  "metaData",
  "txn",
  "domainMetadata",
  "checkpointMetadata",
  "sidecar",
] as const;

/** Files of a checkpoint that are read at once. */
const READ_CONCURRENCY = 4;

/**
 * Reads a checkpoint of any kind ("Checkpoints" of the protocol): classic, in parts, or v2 in Parquet or JSON, with its
 * sidecars.
 * @throws DeltaError `data_loss` naming the file that is missing, damaged, or not what it says it is.
 */
export async function readCheckpoint(
  store: ObjectStore,
  checkpoint: CheckpointFiles,
): Promise<CheckpointState> {
  const builder = new CheckpointBuilder(checkpoint);
  const groups = await inOrder(checkpoint.names, async (name) => readTopFile(store, name, builder));
  const sidecarGroups = await inOrder(builder.sidecars, async (sidecar) =>
    readFileBlocks(await openSidecar(store, sidecar)),
  );
  const blocks = [...groups.flat(), ...sidecarGroups.flat()];
  return builder.build(FileSet.ofBlocks(blocks));
}

/**
 * The tombstones of a checkpoint, a row group at a time.
 * @throws DeltaError while iterating, as {@link readCheckpoint}.
 */
export async function* readCheckpointTombstones(
  store: ObjectStore,
  checkpoint: CheckpointFiles,
): AsyncGenerator<RemoveAction, void, undefined> {
  const sidecars: SidecarAction[] = [];
  for (const name of checkpoint.names) {
    if (name.endsWith(".json")) {
      const removes: RemoveAction[] = [];
      readActions(name, await readWhole(store, name), (line) => {
        if (line["remove"] != null) removes.push(parseRemove(line["remove"]));
        if (line["sidecar"] != null) sidecars.push(parseSidecar(line["sidecar"]));
      });
      yield* removes;
      continue;
    }
    const file = await openTopFile(store, name);
    sidecars.push(...(await rowsOf(file, "sidecar", parseSidecar)));
    yield* removesOf(file);
  }
  for (const sidecar of sidecars) yield* removesOf(await openSidecar(store, sidecar));
}

/** The sidecars that a checkpoint names. */
export async function readSidecars(
  store: ObjectStore,
  checkpoint: CheckpointFiles,
): Promise<readonly SidecarAction[]> {
  const sidecars: SidecarAction[] = [];
  if (checkpoint.form === "multiPart") return sidecars;
  for (const name of checkpoint.names) {
    if (name.endsWith(".json")) {
      readActions(name, await readWhole(store, name), (line) => {
        if (line["sidecar"] != null) sidecars.push(parseSidecar(line["sidecar"]));
      });
    } else {
      sidecars.push(...(await rowsOf(await openTopFile(store, name), "sidecar", parseSidecar)));
    }
  }
  return sidecars;
}

/** The path of a sidecar: whatever directory an action names, it lies in the log's own. */
export function sidecarPath({ path }: SidecarAction): string {
  const name = decodeDataPath(path).split("/").at(-1) ?? "";
  return `${SIDECAR_DIRECTORY}/${name}`;
}

async function readTopFile(
  store: ObjectStore,
  name: string,
  builder: CheckpointBuilder,
): Promise<readonly FileBlock[]> {
  if (name.endsWith(".json")) {
    readActions(name, await readWhole(store, name), (line) => builder.addLine(line));
    return [];
  }
  const file = await openTopFile(store, name);
  return asDamage(file.path, async () => {
    const add = columnOf(file, "add");
    const nodes = STATE_COLUMNS.map((column) => columnOf(file, column)).filter(
      (node) => node !== undefined,
    );
    const blocks: FileBlock[] = [];
    for (let index = 0; index < file.rowGroups.length; index += 1) {
      const state = await readRowGroup(file, index, nodes);
      for (const node of nodes) builder.addRows(node, state);
      if (add !== undefined) blocks.push(await readFileBlock(file, index, add));
    }
    return blocks;
  });
}

async function readFileBlocks(file: ParquetFile): Promise<readonly FileBlock[]> {
  return asDamage(file.path, async () => {
    const add = columnOf(file, "add");
    if (add === undefined) return [];
    const blocks: FileBlock[] = [];
    for (let index = 0; index < file.rowGroups.length; index += 1) {
      blocks.push(await readFileBlock(file, index, add));
    }
    return blocks;
  });
}

/** Fetches `add` apart from the rest, so that what is kept of a row group is only this. */
async function readFileBlock(file: ParquetFile, index: number, add: ReadNode): Promise<FileBlock> {
  return CheckpointBlock.of(await readRowGroup(file, index, [add]), add);
}

/** Collects what a checkpoint says besides its files. */
class CheckpointBuilder {
  readonly sidecars: SidecarAction[] = [];
  readonly #checkpoint: CheckpointFiles;
  #protocol: ProtocolAction | undefined;
  #metadata: MetadataAction | undefined;
  readonly #txns: TxnAction[] = [];
  readonly #domains: DomainMetadataAction[] = [];
  readonly #adds: AddAction[] = [];

  constructor(checkpoint: CheckpointFiles) {
    this.#checkpoint = checkpoint;
  }

  addRows(node: ReadNode, columns: RowGroupColumns): void {
    const rows = presentRows(columns, node);
    const count = rows?.length ?? columns.rowCount;
    for (let index = 0; index < count; index += 1) {
      this.#addAction(node.name, columns.value(node, rows?.[index] ?? index));
    }
  }

  addLine(line: JsonObject): void {
    for (const [kind, value] of Object.entries(line)) {
      if (value !== null) this.#addAction(kind, value);
    }
  }

  build(files: FileSet): CheckpointState {
    const [name = ""] = this.#checkpoint.names;
    if (this.#protocol === undefined) throw damagedCheckpoint(name, "has no protocol action");
    if (this.#metadata === undefined) throw damagedCheckpoint(name, "has no metaData action");
    return {
      checkpoint: this.#checkpoint,
      protocol: this.#protocol,
      metadata: this.#metadata,
      txns: this.#txns,
      domains: this.#domains,
      files: files.apply([{ adds: this.#adds, removes: [] }]),
    };
  }

  #addAction(kind: string, value: unknown): void {
    switch (kind) {
      case "add":
        this.#adds.push(parseAdd(value));
        return;
      case "txn":
        this.#txns.push(parseTxn(value));
        return;
      case "domainMetadata":
        this.#domains.push(parseDomainMetadata(value));
        return;
      case "sidecar":
        this.sidecars.push(parseSidecar(value));
        return;
      case "protocol":
        this.#protocol = parseProtocol(value);
        return;
      case "metaData":
        this.#metadata = parseMetadata(value);
        return;
      case "checkpointMetadata": {
        const { version } = parseCheckpointMetadata(value);
        if (version === this.#checkpoint.version) return;
        throw new FieldProblem(`says that it is of version ${version}`);
      }
      default:
        return;
    }
  }
}

async function openTopFile(store: ObjectStore, name: string): Promise<ParquetFile> {
  const path = `${LOG_DIRECTORY}/${name}`;
  const entry = await store.head(path);
  if (entry === undefined) throw damagedCheckpoint(name, "has gone while the table was read");
  return openParquetFile({ store, path }, path, entry.sizeBytes);
}

function columnOf(file: ParquetFile, name: string): ReadNode | undefined {
  const node = file.tree.columns.find(({ element }) => element.name === name);
  return node === undefined ? undefined : readNodeOf(node);
}

async function openSidecar(store: ObjectStore, sidecar: SidecarAction): Promise<ParquetFile> {
  const path = sidecarPath(sidecar);
  return openParquetFile({ store, path }, path, sidecar.sizeInBytes);
}

async function readWhole(store: ObjectStore, name: string): Promise<Uint8Array> {
  const bytes = await store.get(`${LOG_DIRECTORY}/${name}`);
  if (bytes === undefined) throw damagedCheckpoint(name, "has gone while the table was read");
  return bytes;
}

async function* removesOf(file: ParquetFile): AsyncGenerator<RemoveAction, void, undefined> {
  const node = columnOf(file, "remove");
  if (node === undefined) return;
  for (let index = 0; index < file.rowGroups.length; index += 1) {
    yield* await rowsOfGroup(file, index, node, parseRemove);
  }
}

async function rowsOf<T>(
  file: ParquetFile,
  column: string,
  parse: (value: unknown) => T,
): Promise<readonly T[]> {
  const node = columnOf(file, column);
  if (node === undefined) return [];
  const all: T[] = [];
  for (let index = 0; index < file.rowGroups.length; index += 1) {
    for (const action of await rowsOfGroup(file, index, node, parse)) all.push(action);
  }
  return all;
}

async function rowsOfGroup<T>(
  file: ParquetFile,
  index: number,
  node: ReadNode,
  parse: (value: unknown) => T,
): Promise<readonly T[]> {
  return asDamage(file.path, async () => {
    const columns = await readRowGroup(file, index, [node]);
    const rows = presentRows(columns, node);
    const count = rows?.length ?? columns.rowCount;
    return Array.from({ length: count }, (_, at) => parse(columns.value(node, rows?.[at] ?? at)));
  });
}

/** Runs `read` on some files at once; the results are in the order of the files. */
async function inOrder<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const readNext = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await read(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: READ_CONCURRENCY }, readNext));
  return results;
}

async function asDamage<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof FieldProblem)) throw cause;
    throw damagedCheckpoint(path.slice(LOG_DIRECTORY.length + 1), cause.message, cause);
  }
}

function damagedCheckpoint(file: string, problem: string, cause?: unknown): DeltaError {
  return new DeltaError("data_loss", `the checkpoint ${file}: ${problem}`, {
    cause,
    details: { file },
  });
}
