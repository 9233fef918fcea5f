// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import { ServerError } from "../errors.ts";

/** What a token allows on one table. */
export interface TableGrant {
  /** catalog.schema.table, lower case. */
  readonly table: string;
  /** Unity Catalog privileges, upper case (`SELECT`, `MODIFY`). */
  readonly privileges: readonly string[];
}

/** A verified token. */
export interface TokenClaims {
  readonly clientId: string;
  /** Tables the token is scoped to; `undefined` for a token without `authorization_details`, which may only read metadata. */
  readonly grants: readonly TableGrant[] | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

const ISSUER = "sluice";
const ALGORITHM = "HS256";

/** Signs and verifies the server's access tokens: short-lived JWTs scoped to tables. */
export class TokenIssuer {
  readonly #key: Uint8Array;
  readonly #clock: Clock;
  readonly #tokenTtlSeconds: number;

  constructor(signingKey: string, clock: Clock, tokenTtlSeconds: number) {
    this.#key = Buffer.from(signingKey, "base64");
    this.#clock = clock;
    this.#tokenTtlSeconds = tokenTtlSeconds;
  }

  async issue(clientId: string, grants: readonly TableGrant[] | undefined): Promise<IssuedToken> {
    const issuedAt = Math.floor(this.#clock.now() / 1000);
    const accessToken = await new SignJWT(grants === undefined ? {} : { grants })
      .setProtectedHeader({ alg: ALGORITHM, typ: "at+jwt" })
      .setIssuer(ISSUER)
      .setSubject(clientId)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.#tokenTtlSeconds)
      .sign(this.#key);
    return { accessToken, expiresInSeconds: this.#tokenTtlSeconds };
  }

  /** @throws ServerError `unauthenticated` when the token was not issued here, was altered or has expired. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        issuer: ISSUER,
        algorithms: [ALGORITHM],
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ["sub", "exp"],
      });
      return {
        clientId: payload.sub as string,
        grants: payload["grants"] as TableGrant[] | undefined,
        expiresAt: payload.exp as number,
      };
    } catch (cause) {
      const message =
        cause instanceof errors.JWTExpired
          ? "the access token has expired; request another from /oidc/v1/token"
          : "the access token is not valid here; request one from this server's /oidc/v1/token";
      throw new ServerError("unauthenticated", message, {}, cause);
    }
  }
}
