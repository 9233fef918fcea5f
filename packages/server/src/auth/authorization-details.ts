// SPDX-License-Identifier: Apache-2.0
import type { TableGrant } from "./token-issuer.ts";

/** What {@link readAuthorizationDetails} made of the form field. */
export type AuthorizationDetails =
  | { readonly kind: "grants"; readonly grants: readonly TableGrant[] }
  | { readonly kind: "invalid"; readonly message: string };

/** Privileges that a token may carry. Others are refused, `ALL_PRIVILEGES` among them, as the real service does. */
const TABLE_PRIVILEGES = new Set(["SELECT", "MODIFY"]);

/**
 * Reads the `authorization_details` field of a token request (RFC 9396, type `unity_catalog_privileges`). Entries for
 * catalogs and schemas are accepted and carry nothing: a grant on a table is what counts.
 */
export function readAuthorizationDetails(text: string): AuthorizationDetails {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return invalid("authorization_details is not JSON");
  }
  if (!Array.isArray(parsed)) return invalid("authorization_details is not a JSON array");
  const grants: TableGrant[] = [];
  for (const entry of parsed as unknown[]) {
    if (typeof entry !== "object" || entry === null) return invalid("an entry is not an object");
    const { type, object_type, object_full_path, privileges } = entry as Record<string, unknown>;
    if (type !== "unity_catalog_privileges") {
      return invalid(`type ${JSON.stringify(type)} is not unity_catalog_privileges`);
    }
    if (object_type !== "TABLE") continue;
    if (typeof object_full_path !== "string" || !Array.isArray(privileges)) {
      return invalid("a TABLE entry needs object_full_path and privileges");
    }
    const unknown = (privileges as unknown[]).find((name) => !TABLE_PRIVILEGES.has(String(name)));
    if (unknown !== undefined) {
      return invalid(
        `privilege ${JSON.stringify(unknown)} cannot be requested; use SELECT and MODIFY`,
      );
    }
    grants.push({ table: object_full_path.toLowerCase(), privileges: privileges as string[] });
  }
  return { kind: "grants", grants };
}

function invalid(message: string): AuthorizationDetails {
  return { kind: "invalid", message };
}
