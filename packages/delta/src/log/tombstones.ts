// SPDX-License-Identifier: Apache-2.0
import type { RemoveAction } from "./actions.ts";
import type { CheckpointFiles } from "./log-segment.ts";

/** What a tombstone keeps of a `remove` action: checkpoints have neither `stats` nor `tags` of it. */
export type Tombstone = Omit<RemoveAction, "stats" | "tags">;

/** The removes of one version. */
interface RemovedInVersion {
  readonly version: number;
  readonly removes: readonly Tombstone[];
}

/**
 * The removed files of a snapshot: those that commits since a checkpoint have removed, and the checkpoint that has the
 * earlier ones, which are read only where they are needed. Immutable; successive ones share their storage.
 */
export class Tombstones {
  /** `undefined` where the log was read from its beginning. */
  readonly checkpoint: CheckpointFiles | undefined;
  readonly #removed: RemovedInVersion[];
  readonly #length: number;

  private constructor(checkpoint: CheckpointFiles | undefined, removed: RemovedInVersion[]) {
    this.checkpoint = checkpoint;
    this.#removed = removed;
    this.#length = removed.length;
  }

  static since(checkpoint: CheckpointFiles | undefined): Tombstones {
    return new Tombstones(checkpoint, []);
  }

  /** @param commits in the order of their versions. */
  apply(
    commits: readonly { readonly version: number; readonly removes: readonly RemoveAction[] }[],
  ): Tombstones {
    const added = commits.filter(({ removes }) => removes.length > 0);
    if (added.length === 0) return this;
    const shared = this.#removed.length === this.#length;
    const removed = shared ? this.#removed : this.#removed.slice(0, this.#length);
    for (const { version, removes } of added) {
      removed.push({ version, removes: removes.map(tombstoneOf) });
    }
    return new Tombstones(this.checkpoint, removed);
  }

  /** The same with a later checkpoint, without what that holds. */
  rebase(checkpoint: CheckpointFiles): Tombstones {
    const { version } = checkpoint;
    const later = this.#removed.slice(0, this.#length).filter((entry) => entry.version > version);
    return new Tombstones(checkpoint, later);
  }

  /** The removes since the checkpoint, the last version first. */
  *newestFirst(): Generator<Tombstone, void, undefined> {
    for (let index = this.#length - 1; index >= 0; index -= 1) {
      yield* (this.#removed[index] as RemovedInVersion).removes;
    }
  }
}

function tombstoneOf({ stats: _stats, tags: _tags, ...tombstone }: RemoveAction): Tombstone {
  return tombstone;
}
