// SPDX-License-Identifier: Apache-2.0
import { PRIVILEGES, type Privilege, type SecurableKind } from "../catalog/catalog-state.ts";
import type { TableGrant } from "./token-issuer.ts";

/** One privilege that a token request asks for. */
export interface RequestedPrivilege {
  readonly kind: SecurableKind;
  /** Lower case. */
  readonly name: string;
  readonly privilege: Privilege;
}

/** What {@link readAuthorizationDetails} made of the form field. */
export type AuthorizationDetails =
  | {
      readonly kind: "grants";
      readonly requested: readonly RequestedPrivilege[];
      /** What the token carries. */
      readonly grants: readonly TableGrant[];
    }
  | { readonly kind: "invalid"; readonly message: string };

/** Privileges that can be asked for. Others are refused, `ALL PRIVILEGES` among them, as the real service does. */
const REQUESTABLE: Readonly<Record<SecurableKind, readonly Privilege[]>> = {
  CATALOG: ["USE CATALOG"],
  SCHEMA: ["USE SCHEMA"],
  TABLE: ["SELECT", "MODIFY"],
};

/**
 * Reads the `authorization_details` field of a token request (RFC 9396, type `unity_catalog_privileges`). The token
 * carries what is asked for on tables; catalogs and schemas are there to be checked.
 */
export function readAuthorizationDetails(text: string): AuthorizationDetails {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return invalid("authorization_details is not JSON");
  }
  if (!Array.isArray(parsed)) return invalid("authorization_details is not a JSON array");
  const requested: RequestedPrivilege[] = [];
  const grants: TableGrant[] = [];
  for (const entry of parsed as unknown[]) {
    const details = readEntry(entry);
    if (typeof details === "string") return invalid(details);
    requested.push(...details);
    const [first] = details;
    if (first?.kind !== "TABLE") continue;
    grants.push({ table: first.name, privileges: details.map(({ privilege }) => privilege) });
  }
  return { kind: "grants", requested, grants };
}

/** What one entry asks for, or what is wrong with it. */
function readEntry(entry: unknown): readonly RequestedPrivilege[] | string {
  if (typeof entry !== "object" || entry === null) return "an entry is not an object";
  const { type, object_type, object_full_path, privileges } = entry as Record<string, unknown>;
  if (type !== "unity_catalog_privileges") {
    return `type ${JSON.stringify(type)} is not unity_catalog_privileges`;
  }
  if (object_type !== "CATALOG" && object_type !== "SCHEMA" && object_type !== "TABLE") {
    return `object_type ${JSON.stringify(object_type)} is not CATALOG, SCHEMA or TABLE`;
  }
  if (typeof object_full_path !== "string" || !Array.isArray(privileges)) {
    return `a ${object_type} entry needs object_full_path and privileges`;
  }
  const requested: RequestedPrivilege[] = [];
  for (const text of privileges as unknown[]) {
    const privilege = PRIVILEGES.find((known) => known === text);
    if (privilege === undefined || !REQUESTABLE[object_type].includes(privilege)) {
      const allowed = REQUESTABLE[object_type].join(" and ");
      return `privilege ${JSON.stringify(text)} cannot be requested on a ${object_type}; use ${allowed}`;
    }
    requested.push({ kind: object_type, name: object_full_path.toLowerCase(), privilege });
  }
  return requested;
}

function invalid(message: string): AuthorizationDetails {
  return { kind: "invalid", message };
}
