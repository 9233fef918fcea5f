// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { ObjectStore } from "../store/object-store.ts";
import { openStore, type StoreOptions } from "../store/open-store.ts";

/** What a table uses of the world around it; each part can be given, for tests and for other stores. */
export interface TableComponents {
  /**
   * Where the table's files are.
   * @default the store of the table's location; see {@link openStore}
   */
  readonly store?: ObjectStore;
  /** How the store of the table's location is opened, such as with which credentials. */
  readonly storeOptions?: StoreOptions;
  /**
   * Milliseconds since the epoch.
   * @default Date.now
   */
  readonly clock?: () => number;
  /** @default crypto.randomUUID */
  readonly randomUuid?: () => string;
}

export interface ResolvedComponents {
  readonly store: ObjectStore;
  readonly clock: () => number;
  readonly randomUuid: () => string;
}

export async function resolveComponents(
  location: string,
  components: TableComponents,
): Promise<ResolvedComponents> {
  return {
    store: components.store ?? (await openStore(location, components.storeOptions)),
    clock: components.clock ?? Date.now,
    randomUuid: components.randomUuid ?? randomUUID,
  };
}
