// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { LocalStore } from "../store/local-store.ts";
import type { ObjectStore } from "../store/object-store.ts";

/** What a table uses of the world around it; each part can be given, for tests and for other stores. */
export interface TableComponents {
  /**
   * Where the table's files are.
   * @default a {@link LocalStore} on the table's location
   */
  readonly store?: ObjectStore;
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

export function resolveComponents(
  location: string,
  components: TableComponents,
): ResolvedComponents {
  return {
    store: components.store ?? new LocalStore(location),
    clock: components.clock ?? Date.now,
    randomUuid: components.randomUuid ?? randomUUID,
  };
}
