// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { ServerError } from "../errors.ts";
import type {
  CatalogState,
  ClientEntry,
  Grant,
  Privilege,
  Securable,
  SecurableKind,
} from "./catalog-state.ts";
import type { TableName } from "./table-name.ts";
import type { VersionedFile } from "./versioned-file.ts";

/** A client with its secret, which is told once. */
export interface CreatedClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A client as it is listed. */
export type ClientInfo = Pick<ClientEntry, "clientId" | "name" | "createdAtMs">;

const SECRET_BYTES = 24;
const SALT_BYTES = 16;
const MAX_NAME_LENGTH = 255;

/** Privileges that can be granted on each kind of object. */
const GRANTABLE: Readonly<Record<SecurableKind, readonly Privilege[]>> = {
  CATALOG: ["USE CATALOG", "USE SCHEMA", "SELECT", "MODIFY", "ALL PRIVILEGES"],
  SCHEMA: ["USE SCHEMA", "SELECT", "MODIFY", "ALL PRIVILEGES"],
  TABLE: ["SELECT", "MODIFY", "ALL PRIVILEGES"],
};

/** The clients of a catalog and what they may do. */
export class AccessControl {
  readonly #file: VersionedFile<CatalogState>;

  constructor(file: VersionedFile<CatalogState>) {
    this.#file = file;
  }

  /** Makes a client. Its secret cannot be read back. @throws ServerError `already_exists`, `invalid_argument`. */
  async createClient(name: string): Promise<CreatedClient> {
    if (name === "" || name.length > MAX_NAME_LENGTH) {
      const message = `a client's name must have 1 to ${MAX_NAME_LENGTH} characters`;
      throw new ServerError("invalid_argument", message);
    }
    const clientId = randomUUID();
    const { clientSecret, stored } = newSecret();
    const entry: ClientEntry = { clientId, name, ...stored, createdAtMs: Date.now() };
    await this.#file.update((state) => {
      if (state.clients.some((client) => client.name === name || client.clientId === name)) {
        throw new ServerError("already_exists", `client ${JSON.stringify(name)} exists already`);
      }
      return { ...state, clients: [...state.clients, entry] };
    });
    return { clientId, clientSecret };
  }

  async listClients(): Promise<ClientInfo[]> {
    const { clients } = await this.#file.read();
    return clients.map(({ clientId, name, createdAtMs }) => ({ clientId, name, createdAtMs }));
  }

  /** Gives a client another secret; the earlier one is of no use from now on. @throws ServerError `not_found`. */
  async rotateClient(nameOrId: string): Promise<CreatedClient> {
    const { clientSecret, stored } = newSecret();
    let clientId = "";
    await this.#file.update((state) => {
      clientId = clientOf(state, nameOrId).clientId;
      const clients = state.clients.map((client) =>
        client.clientId === clientId ? { ...client, ...stored } : client,
      );
      return { ...state, clients };
    });
    return { clientId, clientSecret };
  }

  /** Removes a client and what was granted to it. @throws ServerError `not_found`. */
  async deleteClient(nameOrId: string): Promise<void> {
    await this.#file.update((state) => {
      const { clientId } = clientOf(state, nameOrId);
      return {
        ...state,
        clients: state.clients.filter((client) => client.clientId !== clientId),
        grants: state.grants.filter((grant) => grant.principal !== clientId),
      };
    });
  }

  /** Whether a secret is that of a client. */
  async verify(clientId: string, clientSecret: string): Promise<boolean> {
    const { clients } = await this.#file.read();
    const client = clients.find((candidate) => candidate.clientId === clientId);
    if (client === undefined) return false;
    const expected = Buffer.from(client.secretHash, "base64");
    const actual = Buffer.from(hashOf(client.salt, clientSecret), "base64");
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  }

  /**
   * Grants privileges to a client, by name or id.
   * @throws ServerError `not_found` for a client or table that does not exist, `invalid_argument`.
   */
  async grant(nameOrId: string, privileges: readonly Privilege[], on: Securable): Promise<void> {
    checkGrantable(privileges, on);
    await this.#file.update((state) => {
      const { clientId } = clientOf(state, nameOrId);
      if (on.kind === "TABLE" && !state.tables.some(({ name }) => name === on.name)) {
        throw new ServerError("not_found", `table ${on.name} does not exist`, { table: on.name });
      }
      const known = grantsOn(state, clientId, on);
      const added = privileges.filter((privilege) => !known.includes(privilege));
      if (added.length === 0) return state;
      const grants = added.map((privilege): Grant => ({ principal: clientId, privilege, ...on }));
      return { ...state, grants: [...state.grants, ...grants] };
    });
  }

  /** Takes privileges back; those that were not granted do no harm. @throws ServerError `not_found` for the client. */
  async revoke(nameOrId: string, privileges: readonly Privilege[], on: Securable): Promise<void> {
    await this.#file.update((state) => {
      const { clientId } = clientOf(state, nameOrId);
      const isRevoked = (grant: Grant): boolean =>
        grant.principal === clientId && isOn(grant, on) && privileges.includes(grant.privilege);
      if (!state.grants.some(isRevoked)) return state;
      return { ...state, grants: state.grants.filter((grant) => !isRevoked(grant)) };
    });
  }

  async listGrants(): Promise<readonly Grant[]> {
    return (await this.#file.read()).grants;
  }

  /** Whether a client holds a privilege on an object itself. `ALL PRIVILEGES` does not stand for it. */
  async holds(clientId: string, privilege: Privilege, on: Securable): Promise<boolean> {
    return grantsOn(await this.#file.read(), clientId, on).includes(privilege);
  }

  /** The first privilege that a client lacks to write to a table, as the service asks for them; `undefined` for none. */
  async missingForWrite(clientId: string, name: TableName): Promise<Grant | undefined> {
    const { catalog, schema, full } = name;
    const schemaName = `${catalog}.${schema}`;
    const wanted: readonly (readonly [Privilege, SecurableKind, string])[] = [
      ["USE CATALOG", "CATALOG", catalog],
      ["USE SCHEMA", "SCHEMA", schemaName],
      ["SELECT", "TABLE", full],
      ["MODIFY", "TABLE", full],
    ];
    for (const [privilege, kind, on] of wanted) {
      if (await this.holds(clientId, privilege, { kind, name: on })) continue;
      return { principal: clientId, privilege, kind, name: on };
    }
    return undefined;
  }
}

function newSecret(): {
  readonly clientSecret: string;
  readonly stored: Pick<ClientEntry, "salt" | "secretHash">;
} {
  const clientSecret = randomBytes(SECRET_BYTES).toString("base64url");
  const salt = randomBytes(SALT_BYTES).toString("base64");
  return { clientSecret, stored: { salt, secretHash: hashOf(salt, clientSecret) } };
}

function hashOf(salt: string, secret: string): string {
  return createHash("sha256").update(salt).update("\0").update(secret).digest("base64");
}

function clientOf(state: CatalogState, nameOrId: string): ClientEntry {
  const client = state.clients.find(({ clientId, name }) => [clientId, name].includes(nameOrId));
  if (client !== undefined) return client;
  const message = `there is no client ${JSON.stringify(nameOrId)}; make it with \`sluice client create\``;
  throw new ServerError("not_found", message);
}

function grantsOn(state: CatalogState, clientId: string, on: Securable): readonly Privilege[] {
  return state.grants
    .filter((grant) => grant.principal === clientId && isOn(grant, on))
    .map(({ privilege }) => privilege);
}

function isOn(grant: Grant, { kind, name }: Securable): boolean {
  return grant.kind === kind && grant.name === name;
}

function checkGrantable(privileges: readonly Privilege[], { kind }: Securable): void {
  const wrong = privileges.find((privilege) => !GRANTABLE[kind].includes(privilege));
  if (wrong === undefined) return;
  const message = `${wrong} cannot be granted on a ${kind}; what can is ${GRANTABLE[kind].join(", ")}`;
  throw new ServerError("invalid_argument", message);
}
