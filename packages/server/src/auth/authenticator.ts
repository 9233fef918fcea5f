// SPDX-License-Identifier: Apache-2.0
import type { Securable } from "../catalog/catalog-state.ts";
import type { TableName } from "../catalog/table-name.ts";
import { ServerError } from "../errors.ts";
import type { Principals } from "./principals.ts";
import type { TokenClaims, TokenIssuer } from "./token-issuer.ts";

/** Decides who may do what. `undefined` claims mean that authentication is off. */
export interface Authenticator {
  /** @throws ServerError `unauthenticated` for a missing, altered or expired token. */
  authenticate(authorizationHeader: string | undefined): Promise<TokenClaims | undefined>;
  /** @throws ServerError `permission_denied` when the token, or what is granted to its client, does not allow writing. */
  authorizeWrite(claims: TokenClaims | undefined, table: TableName): Promise<void>;
  /** @throws ServerError `permission_denied` when the token does not allow reading the metadata of `table`. */
  authorizeMetadata(claims: TokenClaims | undefined, table: TableName): Promise<void>;
  /** Whether an object is to be listed for the token. */
  sees(claims: TokenClaims | undefined, securable: Securable): Promise<boolean>;
}

/** Lets everybody do everything: for `--no-auth` on a loopback address. */
export const openAuthenticator: Authenticator = {
  authenticate: async () => undefined,
  authorizeWrite: async () => undefined,
  authorizeMetadata: async () => undefined,
  sees: async () => true,
};

/** Checks bearer tokens of `issuer`, and that their clients still hold what the tokens say. */
export function createTokenAuthenticator(
  issuer: TokenIssuer,
  principals: Principals,
): Authenticator {
  return {
    async authenticate(header) {
      const token = /^bearer +(\S+)$/i.exec(header ?? "")?.[1];
      if (token === undefined) {
        const message =
          header === undefined
            ? "the authorization header is missing; send `Bearer <token>` with a token from /oidc/v1/token"
            : "the authorization header is not of the form `Bearer <token>`";
        throw new ServerError("unauthenticated", message);
      }
      return issuer.verify(token);
    },
    async authorizeWrite(claims, table) {
      const carried = privilegesOf(claims, table.full);
      for (const privilege of ["MODIFY", "SELECT"]) {
        if (!carried.includes(privilege)) throw missingPrivilege(privilege, table.full);
      }
      const missing = await principals.missingForWrite(claims?.clientId ?? "", table);
      if (missing !== undefined) throw missingPrivilege(missing, table.full);
    },
    async authorizeMetadata(claims, table) {
      const isScoped = claims?.grants !== undefined;
      if (isScoped && privilegesOf(claims, table.full).length === 0) {
        const message = `the access token is scoped to other tables than ${table.full}; request one for it`;
        throw new ServerError("permission_denied", message, { table: table.full });
      }
      const securable = { kind: "TABLE", name: table.full } as const;
      if (await principals.sees(claims?.clientId ?? "", securable)) return;
      throw missingPrivilege("SELECT", table.full);
    },
    async sees(claims, securable) {
      return principals.sees(claims?.clientId ?? "", securable);
    },
  };
}

/** As the service words it, so that those who know its answers know this one. */
function missingPrivilege(privilege: string, table: string): ServerError {
  const message = `Authorization token is missing ${privilege} privilege for a table ${table}. Error Code: 3, Error State: 0.`;
  return new ServerError("permission_denied", message, { table });
}

function privilegesOf(claims: TokenClaims | undefined, table: string): readonly string[] {
  const grants = claims?.grants?.filter((grant) => grant.table === table) ?? [];
  return grants.flatMap((grant) => grant.privileges);
}
