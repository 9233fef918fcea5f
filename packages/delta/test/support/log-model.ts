// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { type Action, deletionVectorIdOf } from "../../src/log/actions.ts";
import { encodeCommit } from "../../src/log/commit-codec.ts";
import { commitPath } from "../../src/log/log-files.ts";
import type { Snapshot } from "../../src/log/snapshot.ts";
import { liveTombstones } from "../../src/log/live-tombstones.ts";
import type { ObjectStore } from "../../src/store/object-store.ts";
import type { MemoryStore } from "./memory-store.ts";
import { metadataOf, SCHEMA } from "./log-actions.ts";

/** What a table is, in the plainest form: as the protocol's words describe it. */
export interface PlainState {
  readonly files: readonly object[];
  readonly tombstones: readonly string[];
  readonly txns: readonly object[];
  readonly domains: readonly object[];
  readonly metadata: object;
  readonly protocol: object;
}

export const PROTOCOL_V2 = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ["deletionVectors", "v2Checkpoint"],
  writerFeatures: ["deletionVectors", "domainMetadata", "v2Checkpoint"],
} as const;

/** A path that a URI encodes, and one that needs no encoding. */
const PATHS = ["a.parquet", "b.parquet", "p=1/c.parquet", "d%20e.parquet", "d%2520e.parquet"];

export function firstActions(configuration: Record<string, string> = {}): Action[] {
  return [
    { commitInfo: { timestamp: 1, operation: "CREATE TABLE" } },
    { protocol: PROTOCOL_V2 },
    { metaData: metadataOf(SCHEMA, configuration) },
  ];
}

/** Commits that a table may have after its first one. */
export function arbitraryCommits(maxLength: number = 12): fc.Arbitrary<Action[][]> {
  return fc.array(
    fc
      .uniqueArray(arbitraryAction(), { maxLength: 4, selector: keyOf })
      .map((actions) => [{ commitInfo: { operation: "WRITE" } }, ...actions]),
    { minLength: 1, maxLength },
  );
}

function arbitraryAction(): fc.Arbitrary<Action> {
  const path = fc.constantFrom(...PATHS);
  const vector = fc.option(
    fc.record({
      storageType: fc.constantFrom("u", "i"),
      pathOrInlineDv: fc.constantFrom("ab", "cd"),
      offset: fc.constantFrom(1, 4),
      sizeInBytes: fc.constant(40),
      cardinality: fc.nat(9),
    }),
    { nil: undefined },
  );
  const add = fc
    .record({
      path,
      deletionVector: vector,
      size: fc.nat(2 ** 40),
      stats: fc.option(
        fc
          .tuple(fc.nat(100), fc.string({ unit: "grapheme" }))
          .map(([count, text]) => JSON.stringify({ numRecords: count, text })),
        { nil: undefined },
      ),
      partitionValues: fc.dictionary(fc.string({ minLength: 1 }), fc.option(fc.string()), {
        maxKeys: 2,
      }),
      tags: fc.option(fc.dictionary(fc.string(), fc.option(fc.string()), { maxKeys: 2 }), {
        nil: undefined,
      }),
      baseRowId: fc.option(fc.nat(), { nil: undefined }),
      defaultRowCommitVersion: fc.option(fc.nat(), { nil: undefined }),
      clusteringProvider: fc.option(fc.constant("liquid"), { nil: undefined }),
    })
    .map((fields) => ({ add: { ...fields, modificationTime: 7, dataChange: true } }));
  const remove = fc
    .record({ path, deletionVector: vector, deletionTimestamp: fc.constantFrom(5, 50) })
    .map((fields) => ({
      remove: {
        ...fields,
        dataChange: true,
        extendedFileMetadata: true,
        partitionValues: {},
        size: 1,
      },
    }));
  const txn = fc
    .record({
      appId: fc.constantFrom("x", "y", "z"),
      version: fc.nat(100),
      lastUpdated: fc.option(fc.nat(100), { nil: undefined }),
    })
    .map((fields) => ({ txn: fields }));
  const domain = fc
    .record({
      domain: fc.constantFrom("delta.a", "b"),
      configuration: fc.string(),
      removed: fc.boolean(),
    })
    .map((fields) => ({ domainMetadata: fields }));
  const metaData = fc
    .string()
    .map((value) => ({ metaData: metadataOf(SCHEMA, { note: value, "delta.x": "1" }) }));
  // Through text and back, as it comes from a log.
  return fc
    .oneof({ weight: 5, arbitrary: add }, { weight: 3, arbitrary: remove }, txn, domain, metaData)
    .map((action) => JSON.parse(JSON.stringify(action)) as Action);
}

/** Two actions of one key must not be in one commit. */
function keyOf(action: Action): string {
  const [[kind, value] = ["", {}]] = Object.entries(action) as [string, Record<string, unknown>][];
  return `${kind} ${JSON.stringify([value["path"], value["appId"], value["domain"]])}`;
}

/**
 * Adds the removes that a writer must make: a path never comes to have other rows deleted without a remove of the file
 * as it was.
 */
export function withReplacedFilesRemoved(commits: readonly Action[][]): Action[][] {
  const active = new Map<string, FileAction>();
  return commits.map((actions) => {
    const removed = new Set<string>();
    for (const action of actions) if ("remove" in action) removed.add(logicalKey(action.remove));
    for (const [path, file] of active) if (removed.has(logicalKey(file))) active.delete(path);
    const missing: Action[] = [];
    for (const action of actions) {
      if (!("add" in action)) continue;
      const { path } = action.add;
      const before = active.get(path);
      if (before !== undefined && logicalKey(before) !== logicalKey(action.add)) {
        missing.push({ remove: { ...before, deletionTimestamp: 50, dataChange: true } });
      }
      const { deletionVector } = action.add;
      active.set(path, { path, ...(deletionVector === undefined ? {} : { deletionVector }) });
    }
    // A commit must not both add and remove one logical file.
    const added = new Set(
      actions.flatMap((action) => ("add" in action ? [logicalKey(action.add)] : [])),
    );
    const kept = actions.filter(
      (action) => !("remove" in action) || !added.has(logicalKey(action.remove)),
    );
    return [...kept, ...missing];
  });
}

interface FileAction {
  readonly path: string;
  readonly deletionVector?: Parameters<typeof deletionVectorIdOf>[0];
}

function logicalKey({ path, deletionVector }: FileAction): string {
  const id = deletionVector === undefined ? "" : deletionVectorIdOf(deletionVector);
  return `${decodeURIComponent(path)} ${id}`;
}

/** The state that the actions of some commits make, by the rules of reconciliation alone. */
export function naiveState(
  commits: readonly (readonly Action[])[],
  removedAfterMs: number,
): PlainState {
  const files = new Map<string, Record<string, unknown>>();
  const tombstones = new Map<string, number>();
  const txns = new Map<string, object>();
  const domains = new Map<string, object>();
  let metadata: object = {};
  let protocol: object = {};
  for (const actions of commits) {
    for (const action of actions) {
      if (!("remove" in action)) continue;
      const key = logicalKey(action.remove);
      const path = decodeURIComponent(action.remove.path);
      const active = files.get(path) as FileAction | undefined;
      if (active !== undefined && logicalKey(active) === key) files.delete(path);
      tombstones.set(key, action.remove.deletionTimestamp ?? 0);
    }
    for (const action of actions) {
      if ("add" in action) {
        files.set(decodeURIComponent(action.add.path), { ...action.add });
      } else if ("txn" in action) txns.set(action.txn.appId, action.txn);
      else if ("domainMetadata" in action) {
        const { domain, removed } = action.domainMetadata;
        if (removed) domains.delete(domain);
        else domains.set(domain, action.domainMetadata);
      } else if ("metaData" in action) metadata = action.metaData;
      else if ("protocol" in action) protocol = action.protocol;
    }
  }
  for (const file of files.values()) tombstones.delete(logicalKey(file as unknown as FileAction));
  return {
    files: sorted([...files.values()].map(({ dataChange: _dataChange, ...file }) => file)),
    tombstones: [...tombstones]
      .filter(([, removedAt]) => removedAt > removedAfterMs)
      .map(([key]) => key)
      .toSorted(),
    txns: sorted([...txns.values()]),
    domains: sorted([...domains.values()]),
    metadata,
    protocol,
  };
}

export async function plainStateOf(
  store: ObjectStore,
  snapshot: Snapshot,
  removedAfterMs: number,
): Promise<PlainState> {
  const tombstones: string[] = [];
  for await (const tombstone of liveTombstones(store, snapshot, removedAfterMs)) {
    tombstones.push(logicalKey(tombstone));
  }
  return {
    files: sorted(
      [...snapshot.files].map((file) =>
        JSON.parse(
          JSON.stringify({
            path: file.encodedPath,
            deletionVector: file.deletionVector,
            size: file.sizeBytes,
            stats: file.stats,
            partitionValues: file.partitionValues,
            tags: file.tags,
            baseRowId: file.baseRowId,
            defaultRowCommitVersion: file.defaultRowCommitVersion,
            clusteringProvider: file.clusteringProvider,
            modificationTime: file.modificationTimeMs,
          }),
        ),
      ),
    ),
    tombstones: tombstones.toSorted(),
    txns: sorted(
      [...snapshot.txns].map(([appId, { version, lastUpdatedMs }]) => ({
        appId,
        version,
        ...(lastUpdatedMs === undefined ? {} : { lastUpdated: lastUpdatedMs }),
      })),
    ),
    domains: sorted([...snapshot.domains.values()]),
    metadata: snapshot.metadata,
    protocol: snapshot.protocol,
  };
}

function sorted(items: readonly object[]): object[] {
  const keyed = items.map((item) => [JSON.stringify(canonical(item)), item] as const);
  return keyed
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([text]) => JSON.parse(text) as object);
}

function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, item]) => [key, canonical(item)]);
}

export function writeCommits(
  store: MemoryStore,
  commits: readonly (readonly Action[])[],
  firstVersion: number = 0,
): void {
  for (const [index, actions] of commits.entries()) {
    store.write(commitPath(firstVersion + index), encodeCommit(actions));
  }
}
