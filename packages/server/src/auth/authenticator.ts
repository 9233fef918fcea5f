// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";
import type { TokenClaims, TokenIssuer } from "./token-issuer.ts";

/** Decides who may do what. `undefined` claims mean that authentication is off. */
export interface Authenticator {
  /** @throws ServerError `unauthenticated` for a missing, altered or expired token. */
  authenticate(authorizationHeader: string | undefined): Promise<TokenClaims | undefined>;
  /** @throws ServerError `permission_denied` when the token does not allow writing to `table` (lower case). */
  authorizeWrite(claims: TokenClaims | undefined, table: string): void;
  /** @throws ServerError `permission_denied` when the token does not allow reading the metadata of `table`. */
  authorizeMetadata(claims: TokenClaims | undefined, table: string): void;
}

/** Lets everybody do everything: for `--no-auth` on a loopback address. */
export const openAuthenticator: Authenticator = {
  authenticate: async () => undefined,
  authorizeWrite: () => undefined,
  authorizeMetadata: () => undefined,
};

/** Checks bearer tokens of `issuer`. */
export function createTokenAuthenticator(issuer: TokenIssuer): Authenticator {
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
    authorizeWrite(claims, table) {
      if (grantsOf(claims, table).includes("MODIFY")) return;
      const message = `the access token is missing the MODIFY privilege for table ${table}; request a token whose authorization_details name it`;
      throw new ServerError("permission_denied", message, { table });
    },
    authorizeMetadata(claims, table) {
      if (claims?.grants === undefined || grantsOf(claims, table).length > 0) return;
      const message = `the access token is scoped to other tables than ${table}; request one for it`;
      throw new ServerError("permission_denied", message, { table });
    },
  };
}

function grantsOf(claims: TokenClaims | undefined, table: string): readonly string[] {
  const grants = claims?.grants?.filter((grant) => grant.table === table) ?? [];
  return grants.flatMap((grant) => grant.privileges);
}
