// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { DeltaError } from "../delta-error.ts";
import { type Compressor, createZstdCompressor } from "../parquet/compressor.ts";
import type { StructType } from "../schema/types.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { SidecarAction } from "./actions.ts";
import { addOf, removeOf, stateActions } from "./checkpoint-actions.ts";
import { CheckpointFileWriter } from "./checkpoint-file.ts";
import {
  type AddLayout,
  addLayoutOf,
  checkpointSchema,
  sidecarSchema,
} from "./checkpoint-schema.ts";
import { printLastCheckpoint, readLastCheckpoint } from "./last-checkpoint.ts";
import { liveTombstones } from "./live-tombstones.ts";
import { holdsCommitOf } from "./load-snapshot.ts";
import {
  commitPath,
  LAST_CHECKPOINT_PATH,
  LOG_DIRECTORY,
  paddedVersion,
  SIDECAR_DIRECTORY,
} from "./log-files.ts";
import type { CheckpointFiles } from "./log-segment.ts";
import type { Snapshot } from "./snapshot.ts";
import { logPropertiesOf, type LogProperties } from "./table-properties.ts";

export interface CheckpointOptions {
  /**
   * `classic` is one Parquet file of the first kind, which every reader knows. `v2` has the file actions of large tables
   * in files of their own, and needs the table feature `v2Checkpoint`; its name has a UUID, or is that of a classic one,
   * which older readers find and refuse by name.
   * @default `v2` where the table has the feature and `delta.checkpointPolicy` is not "classic"; with a classic name
   *   every tenth time.
   */
  readonly form?: "classic" | "v2" | "v2-classic-name";
  /**
   * File actions in one sidecar of a v2 checkpoint, 1 or more; with no more of them than this there are no sidecars.
   * @default 100000
   */
  readonly actionsPerSidecar?: number;
  /**
   * Now, in milliseconds since the epoch: what tombstones and transactions have expired is told by it.
   * @default Date.now()
   */
  readonly nowMs?: number;
  /** @default crypto.randomUUID */
  readonly randomUuid?: () => string;
}

const DEFAULT_ACTIONS_PER_SIDECAR = 100_000;
/** Checkpoint intervals from one v2 checkpoint with a classic name to the next. */
const CLASSIC_NAME_EVERY = 10;

/**
 * Writes a checkpoint of a snapshot, and then `_last_checkpoint`, unless that names a later one. Memory is bounded
 * whatever the number of files. A checkpoint by the same name that is there already is left as it is, and taken for this
 * one: writers that race come to the same content.
 * @returns the checkpoint; see `withCheckpoint`.
 * @throws DeltaError `not_found` if the snapshot's version is not, or no more, in the log; `invalid_argument` for a v2
 *   form without the feature; `data_loss` if the checkpoint before it cannot be read; what the store throws.
 */
export async function writeCheckpoint(
  store: ObjectStore,
  snapshot: Snapshot,
  options: CheckpointOptions = {},
): Promise<CheckpointFiles> {
  const { checkpoint: known } = snapshot.tombstones;
  if (known?.version === snapshot.version) return known;
  if (!(await holdsCommitOf(store, snapshot))) {
    throw new DeltaError(
      "not_found",
      `version ${snapshot.version} of ${store.location} is not the one that a checkpoint is to be made of: the table has been replaced or cleaned up`,
      { details: { version: snapshot.version } },
    );
  }
  const compressor = await createZstdCompressor();
  return new CheckpointRun(store, snapshot, options, compressor).write();
}

/** A snapshot that knows of a checkpoint of its version or an earlier one, so that it need not keep what that holds. */
export function withCheckpoint(snapshot: Snapshot, checkpoint: CheckpointFiles): Snapshot {
  const known = snapshot.tombstones.checkpoint?.version ?? -1;
  if (checkpoint.version > snapshot.version || checkpoint.version <= known) return snapshot;
  return { ...snapshot, tombstones: snapshot.tombstones.rebase(checkpoint) };
}

/** Whether so many versions have come since the last checkpoint as `delta.checkpointInterval` allows. */
export function isCheckpointDue(snapshot: Snapshot): boolean {
  const { checkpointInterval } = logPropertiesOf(snapshot.metadata);
  return snapshot.version - (snapshot.tombstones.checkpoint?.version ?? 0) >= checkpointInterval;
}

type Form = NonNullable<CheckpointOptions["form"]>;

/** One checkpoint being written. */
class CheckpointRun {
  readonly #store: ObjectStore;
  readonly #snapshot: Snapshot;
  readonly #compressor: Compressor;
  readonly #properties: LogProperties;
  readonly #layout: AddLayout;
  readonly #form: Form;
  readonly #nowMs: number;
  readonly #randomUuid: () => string;
  readonly #actionsPerSidecar: number;
  #actionCount = 0;
  #sizeBytes = 0;

  constructor(
    store: ObjectStore,
    snapshot: Snapshot,
    options: CheckpointOptions,
    compressor: Compressor,
  ) {
    this.#store = store;
    this.#snapshot = snapshot;
    this.#compressor = compressor;
    this.#properties = logPropertiesOf(snapshot.metadata);
    this.#layout = addLayoutOf(snapshot, this.#properties);
    this.#form = formOf(snapshot, options.form, this.#properties);
    this.#nowMs = options.nowMs ?? Date.now();
    this.#randomUuid = options.randomUuid ?? randomUUID;
    const perSidecar = options.actionsPerSidecar ?? DEFAULT_ACTIONS_PER_SIDECAR;
    if (!(Number.isSafeInteger(perSidecar) && perSidecar >= 1)) {
      throw new DeltaError(
        "invalid_argument",
        `actionsPerSidecar is ${perSidecar}; it must be a whole number above 0`,
      );
    }
    this.#actionsPerSidecar = perSidecar;
  }

  async write(): Promise<CheckpointFiles> {
    const { version } = this.#snapshot;
    const isUuidNamed = this.#form === "v2";
    const suffix = isUuidNamed ? `checkpoint.${this.#randomUuid()}.parquet` : "checkpoint.parquet";
    const name = `${paddedVersion(version)}.${suffix}`;
    const sidecars = this.#needsSidecars() ? await this.#writeSidecars() : undefined;
    const isWritten = await this.#writeTop(name, sidecars);
    if (isWritten) await this.#pointTo();
    else if (sidecars !== undefined) await this.#removeSidecars(sidecars);
    return { version, form: isUuidNamed ? "uuid" : "classic", names: [name] };
  }

  #needsSidecars(): boolean {
    return this.#form !== "classic" && this.#snapshot.files.fileCount > this.#actionsPerSidecar;
  }

  /** @returns false if there is a checkpoint by this name already. */
  async #writeTop(name: string, sidecars: readonly SidecarAction[] | undefined): Promise<boolean> {
    const isV2 = this.#form !== "classic";
    const file = this.#open(`${LOG_DIRECTORY}/${name}`, checkpointSchema(this.#layout, isV2));
    try {
      if (isV2) await file.add("checkpointMetadata", { version: this.#snapshot.version });
      for (const { column, value } of stateActions(this.#snapshot, this.#properties, this.#nowMs)) {
        await file.add(column, value);
      }
      if (sidecars === undefined) {
        for await (const { column, value } of this.#fileActions()) await file.add(column, value);
      } else {
        for (const sidecar of sidecars) await file.add("sidecar", sidecar);
      }
      const { sizeBytes } = await file.finish();
      this.#actionCount += file.rowCount;
      this.#sizeBytes += sizeBytes;
      return true;
    } catch (error) {
      if (error instanceof DeltaError && error.code === "already_exists") return false;
      throw error;
    } finally {
      await file.abort();
    }
  }

  async #writeSidecars(): Promise<readonly SidecarAction[]> {
    const sidecars: SidecarAction[] = [];
    const schema = sidecarSchema(this.#layout);
    let open: { readonly name: string; readonly file: CheckpointFileWriter } | undefined;
    const close = async (): Promise<void> => {
      if (open === undefined) return;
      const { name, file } = open;
      const { sizeBytes, modificationTimeMs } = await file.finish();
      open = undefined;
      sidecars.push({ path: name, sizeInBytes: sizeBytes, modificationTime: modificationTimeMs });
      this.#actionCount += file.rowCount;
      this.#sizeBytes += sizeBytes;
    };
    try {
      for await (const { column, value } of this.#fileActions()) {
        if (open === undefined) {
          const name = `${this.#randomUuid()}.parquet`;
          open = { name, file: this.#open(`${SIDECAR_DIRECTORY}/${name}`, schema) };
        }
        await open.file.add(column, value);
        if (open.file.rowCount >= this.#actionsPerSidecar) await close();
      }
      await close();
    } catch (error) {
      await open?.file.abort();
      await this.#removeSidecars(sidecars);
      throw error;
    }
    return sidecars;
  }

  async *#fileActions(): AsyncGenerator<
    { readonly column: string; readonly value: object },
    void,
    undefined
  > {
    for (const file of this.#snapshot.files) {
      yield { column: "add", value: addOf(file, this.#layout) };
    }
    const removedAfterMs = this.#nowMs - this.#properties.deletedFileRetentionMs;
    for await (const tombstone of liveTombstones(this.#store, this.#snapshot, removedAfterMs)) {
      yield { column: "remove", value: removeOf(tombstone) };
    }
  }

  #open(path: string, schema: StructType): CheckpointFileWriter {
    return new CheckpointFileWriter(this.#store.createWriter(path), schema, this.#compressor);
  }

  /** Sidecars that nothing names cost only room; a log cleanup removes those that stay. */
  async #removeSidecars(sidecars: readonly SidecarAction[]): Promise<void> {
    await Promise.allSettled(
      sidecars.map(async ({ path }) => this.#store.delete(`${SIDECAR_DIRECTORY}/${path}`)),
    );
  }

  /** Makes `_last_checkpoint` name this checkpoint, which is durable by now. */
  async #pointTo(): Promise<void> {
    const { version, files } = this.#snapshot;
    const hint = await readLastCheckpoint(this.#store);
    if (hint !== undefined && hint.version > version) {
      // Unless it is of a table that was here before this one.
      const later = await this.#store.head(commitPath(hint.version));
      if (later !== undefined) return;
    }
    const text = printLastCheckpoint({
      version,
      size: this.#actionCount,
      sizeInBytes: this.#sizeBytes,
      numOfAddFiles: files.fileCount,
    });
    await this.#store.put(LAST_CHECKPOINT_PATH, Buffer.from(text));
  }
}

function formOf(
  { version, protocol, metadata }: Snapshot,
  form: Form | undefined,
  { checkpointInterval }: LogProperties,
): Form {
  const isV2Supported = protocol.readerFeatures?.includes("v2Checkpoint") === true;
  if (form !== undefined) {
    if (form === "classic" || isV2Supported) return form;
    throw new DeltaError(
      "invalid_argument",
      `a checkpoint of the form ${form} needs the table feature v2Checkpoint, which the table does not have`,
    );
  }
  const policy = metadata.configuration["delta.checkpointPolicy"]?.toLowerCase();
  if (!isV2Supported || policy === "classic") return "classic";
  const turn = Math.floor(version / checkpointInterval);
  return turn % CLASSIC_NAME_EVERY === 0 ? "v2-classic-name" : "v2";
}
