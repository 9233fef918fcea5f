// SPDX-License-Identifier: Apache-2.0

/** A table as the catalog knows it. */
export interface CatalogEntry {
  /** catalog.schema.table, lower case. */
  readonly name: string;
  /** Directory of the Delta table. */
  readonly location: string;
  readonly createdAtMs: number;
  /** `managed`: made by the catalog, which removes its files when it is dropped. */
  readonly kind: "managed" | "external";
  readonly comment?: string | undefined;
  /** For people to read: it grants nothing. */
  readonly owner?: string | undefined;
}

/** Somebody who may ask for tokens. The secret itself is not kept. */
export interface ClientEntry {
  readonly clientId: string;
  /** For people to read; no two clients have the same. */
  readonly name: string;
  readonly salt: string;
  /** SHA-256 of salt and secret, base64. Secrets are random, so that guessing them is out of the question. */
  readonly secretHash: string;
  readonly createdAtMs: number;
}

export const PRIVILEGES = [
  "USE CATALOG",
  "USE SCHEMA",
  "SELECT",
  "MODIFY",
  "ALL PRIVILEGES",
] as const;
export type Privilege = (typeof PRIVILEGES)[number];

export type SecurableKind = "CATALOG" | "SCHEMA" | "TABLE";

/** What a privilege is about. */
export interface Securable {
  readonly kind: SecurableKind;
  /** As many parts as the kind has, lower case. */
  readonly name: string;
}

export interface Grant extends Securable {
  /** A client id. */
  readonly principal: string;
  readonly privilege: Privilege;
}

/** Everything that the catalog keeps. */
export interface CatalogState {
  readonly tables: readonly CatalogEntry[];
  readonly clients: readonly ClientEntry[];
  readonly grants: readonly Grant[];
  /** `metaData.id` of tables that were dropped, the last ones: what a log has of them is not wanted any more. */
  readonly droppedTableIds: readonly string[];
}

export const EMPTY_CATALOG: CatalogState = {
  tables: [],
  clients: [],
  grants: [],
  droppedTableIds: [],
};

/** Reads a stored state; `undefined` where it cannot be one. */
export function parseCatalogState(value: unknown): CatalogState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { tables, clients, grants, droppedTableIds } = value as Record<string, unknown>;
  const isState =
    areObjects(tables, ["name", "location", "kind"]) &&
    areObjects(clients, ["clientId", "name", "salt", "secretHash"]) &&
    areObjects(grants, ["principal", "kind", "name", "privilege"]) &&
    Array.isArray(droppedTableIds);
  return isState ? (value as CatalogState) : undefined;
}

function areObjects(value: unknown, textFields: readonly string[]): boolean {
  if (!Array.isArray(value)) return false;
  return (value as unknown[]).every((item) => {
    if (typeof item !== "object" || item === null) return false;
    const fields = item as Record<string, unknown>;
    return textFields.every((name) => typeof fields[name] === "string");
  });
}
