// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";
import { PRIVILEGES, type Privilege, type Securable } from "./catalog-state.ts";

const PART = /^[A-Za-z0-9_]{1,255}$/;

const KIND_BY_PART_COUNT = { 1: "CATALOG", 2: "SCHEMA", 3: "TABLE" } as const;

/**
 * Reads the name of a catalog, of a schema (`catalog.schema`) or of a table.
 * @throws ServerError `invalid_argument`.
 */
export function parseSecurable(text: string): Securable {
  const parts = text.split(".");
  const count = parts.length;
  if ((count === 1 || count === 2 || count === 3) && parts.every((part) => PART.test(part))) {
    return { kind: KIND_BY_PART_COUNT[count], name: text.toLowerCase() };
  }
  const message = `${JSON.stringify(text.slice(0, 100))} must be catalog, catalog.schema or catalog.schema.table, of letters, digits and underscores`;
  throw new ServerError("invalid_argument", message);
}

/** Reads a privilege such as `USE CATALOG` or `use_catalog`. @throws ServerError `invalid_argument`. */
export function parsePrivilege(text: string): Privilege {
  const wanted = text
    .trim()
    .toUpperCase()
    .replaceAll(/[\s_]+/g, " ");
  const privilege = PRIVILEGES.find((candidate) => candidate === wanted);
  if (privilege !== undefined) return privilege;
  const message = `there is no privilege ${JSON.stringify(text.slice(0, 100))}; there are ${PRIVILEGES.join(", ")}`;
  throw new ServerError("invalid_argument", message);
}
