// SPDX-License-Identifier: Apache-2.0
import { catalogTypeNameOf, catalogTypeOfField, DeltaError, type Snapshot } from "@sluice/delta";
import type { Authenticator } from "../auth/authenticator.ts";
import type { TokenClaims } from "../auth/token-issuer.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { CatalogEntry } from "../catalog/catalog-state.ts";
import { parseTableName } from "../catalog/table-name.ts";
import { ServerError } from "../errors.ts";
import type { ApiRequest, ApiResponse } from "./api-types.ts";
import { pageOf } from "./pages.ts";

/** The read part of Unity Catalog's REST API, in its shapes. */
export interface CatalogEndpoints {
  /** `GET /api/2.1/unity-catalog/catalogs` */
  listCatalogs(request: ApiRequest): Promise<ApiResponse>;
  /** `GET /api/2.1/unity-catalog/schemas?catalog_name=` */
  listSchemas(request: ApiRequest): Promise<ApiResponse>;
  /** `GET /api/2.1/unity-catalog/tables?catalog_name=&schema_name=` */
  listTables(request: ApiRequest): Promise<ApiResponse>;
  /** `GET /api/2.1/unity-catalog/tables/{full_name}` */
  getTable(request: ApiRequest, nameText: string): Promise<ApiResponse>;
}

export function createCatalogEndpoints(
  catalog: Catalog,
  authenticator: Authenticator,
): CatalogEndpoints {
  const authenticate = (request: ApiRequest): Promise<TokenClaims | undefined> =>
    authenticator.authenticate(request.headers["authorization"]);
  const namesOf = async (partCount: number): Promise<string[]> => {
    const entries = await catalog.list();
    const names = entries.map(({ name }) => name.split(".").slice(0, partCount).join("."));
    return [...new Set(names)];
  };

  return {
    async listCatalogs(request) {
      const claims = await authenticate(request);
      const visible: string[] = [];
      for (const name of await namesOf(1)) {
        if (await authenticator.sees(claims, { kind: "CATALOG", name })) visible.push(name);
      }
      const { items, next } = pageOf(visible, request.query);
      const catalogs = items.map((name) => ({ name, full_name: name }));
      return { status: 200, body: { catalogs, ...next } };
    },
    async listSchemas(request) {
      const claims = await authenticate(request);
      const catalogName = required(request, "catalog_name");
      const visible: string[] = [];
      for (const name of await namesOf(2)) {
        if (!name.startsWith(`${catalogName}.`)) continue;
        if (await authenticator.sees(claims, { kind: "SCHEMA", name })) visible.push(name);
      }
      const { items, next } = pageOf(visible, request.query);
      const schemas = items.map((full_name) => ({
        name: full_name.slice(catalogName.length + 1),
        catalog_name: catalogName,
        full_name,
      }));
      return { status: 200, body: { schemas, ...next } };
    },
    async listTables(request) {
      const claims = await authenticate(request);
      const prefix = `${required(request, "catalog_name")}.${required(request, "schema_name")}.`;
      const visible: CatalogEntry[] = [];
      for (const entry of await catalog.list()) {
        if (!entry.name.startsWith(prefix)) continue;
        if (await authenticator.sees(claims, { kind: "TABLE", name: entry.name })) {
          visible.push(entry);
        }
      }
      const { items, next } = pageOf(visible, request.query);
      const tables = await Promise.all(items.map((entry) => describeIfThere(catalog, entry)));
      return { status: 200, body: { tables, ...next } };
    },
    async getTable(request, nameText) {
      const claims = await authenticate(request);
      const name = parseTableName(nameText);
      if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
      await authenticator.authorizeMetadata(claims, name);
      const table = await catalog.openTable(name.full);
      const entry = await catalog.find(name);
      const described = entry ?? { name: name.full, location: table.location, kind: "managed" };
      return { status: 200, body: describe(described, table.snapshot()) };
    },
  };
}

type Described = Pick<CatalogEntry, "name" | "location" | "kind"> & Partial<CatalogEntry>;

/** A table whose files are away is listed without what they would say. */
async function describeIfThere(catalog: Catalog, entry: CatalogEntry): Promise<unknown> {
  try {
    return describe(entry, (await catalog.openTable(entry.name)).snapshot());
  } catch (cause) {
    if (!(cause instanceof DeltaError) && !(cause instanceof ServerError)) throw cause;
    return describe(entry, undefined);
  }
}

function describe(entry: Described, snapshot: Snapshot | undefined): Record<string, unknown> {
  const [catalogName, schemaName, name] = entry.name.split(".");
  const partitions = snapshot?.metadata.partitionColumns ?? [];
  return {
    name,
    catalog_name: catalogName,
    schema_name: schemaName,
    full_name: entry.name,
    table_type: entry.kind.toUpperCase(),
    data_source_format: "DELTA",
    ...(snapshot === undefined ? {} : { table_id: snapshot.metadata.id }),
    storage_location: entry.location,
    ...(entry.comment === undefined ? {} : { comment: entry.comment }),
    ...(entry.owner === undefined ? {} : { owner: entry.owner }),
    ...(entry.createdAtMs === undefined ? {} : { created_at: entry.createdAtMs }),
    columns: (snapshot?.schema.fields ?? []).map((field, position) => {
      const partitionIndex = partitions.indexOf(field.name);
      return {
        name: field.name,
        type_text: catalogTypeOfField(field),
        type_name: catalogTypeNameOf(field.type),
        type_json: JSON.stringify(field),
        nullable: field.nullable,
        position,
        ...(partitionIndex < 0 ? {} : { partition_index: partitionIndex }),
        ...(typeof field.metadata["comment"] === "string"
          ? { comment: field.metadata["comment"] }
          : {}),
      };
    }),
    properties: snapshot?.metadata.configuration ?? {},
  };
}

function required({ query }: ApiRequest, name: string): string {
  const value = query.get(name)?.toLowerCase();
  if (value !== undefined && value !== "") return value;
  throw new ServerError("invalid_argument", `the query parameter ${name} is missing`);
}
