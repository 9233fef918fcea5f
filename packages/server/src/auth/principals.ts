// SPDX-License-Identifier: Apache-2.0
import type { AccessControl } from "../catalog/access-control.ts";
import type { Privilege, Securable } from "../catalog/catalog-state.ts";
import type { TableName } from "../catalog/table-name.ts";
import { type Credentials, matchesCredentials } from "./credentials.ts";

/**
 * Who may ask for tokens, and what they may do: the server's own identity, which may do everything so that there is
 * nothing to set up, and the clients of the catalog, which may do what was granted to them.
 */
export class Principals {
  readonly #credentials: Credentials;
  readonly #access: AccessControl;

  constructor(credentials: Credentials, access: AccessControl) {
    this.#credentials = credentials;
    this.#access = access;
  }

  /** Whether a secret is that of a client. */
  async verify(clientId: string, clientSecret: string): Promise<boolean> {
    if (matchesCredentials(this.#credentials, clientId, clientSecret)) return true;
    return this.#access.verify(clientId, clientSecret);
  }

  /** Whether a client holds a privilege on an object itself. */
  async holds(clientId: string, privilege: Privilege, on: Securable): Promise<boolean> {
    return this.#isOwn(clientId) || this.#access.holds(clientId, privilege, on);
  }

  /** The first privilege that a client lacks to write to a table; `undefined` where it lacks none. */
  async missingForWrite(clientId: string, table: TableName): Promise<Privilege | undefined> {
    if (this.#isOwn(clientId)) return undefined;
    return (await this.#access.missingForWrite(clientId, table))?.privilege;
  }

  /** Whether a client may know of a table, catalog or schema. */
  async sees(clientId: string, { kind, name }: Securable): Promise<boolean> {
    if (this.#isOwn(clientId)) return true;
    if (kind === "CATALOG") return this.#access.holds(clientId, "USE CATALOG", { kind, name });
    if (kind === "SCHEMA") return this.#access.holds(clientId, "USE SCHEMA", { kind, name });
    if (await this.#access.holds(clientId, "SELECT", { kind, name })) return true;
    return this.#access.holds(clientId, "MODIFY", { kind, name });
  }

  #isOwn(clientId: string): boolean {
    return clientId === this.#credentials.clientId;
  }
}
