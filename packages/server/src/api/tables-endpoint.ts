// SPDX-License-Identifier: Apache-2.0
import { catalogTypeNameOf, catalogTypeOfField } from "@sluice/delta";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { parseTableName } from "../catalog/table-name.ts";
import { ServerError } from "../errors.ts";
import type { ApiRequest, ApiResponse } from "./api-types.ts";

/** Answers `GET /api/2.1/unity-catalog/tables/{full_name}` in Unity Catalog's shape. */
export function createTablesEndpoint(catalog: Catalog, authenticator: Authenticator) {
  return async (request: ApiRequest, nameText: string): Promise<ApiResponse> => {
    const claims = await authenticator.authenticate(request.headers["authorization"]);
    const name = parseTableName(nameText);
    if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
    authenticator.authorizeMetadata(claims, name.full);
    const table = await catalog.openTable(name.full);
    const snapshot = table.snapshot();
    return {
      status: 200,
      body: {
        name: name.table,
        catalog_name: name.catalog,
        schema_name: name.schema,
        full_name: name.full,
        table_type: "MANAGED",
        data_source_format: "DELTA",
        table_id: snapshot.metadata.id,
        storage_location: table.location,
        columns: snapshot.schema.fields.map((field, position) => ({
          name: field.name,
          type_text: catalogTypeOfField(field),
          type_name: catalogTypeNameOf(field.type),
          type_json: JSON.stringify(field),
          nullable: field.nullable,
          position,
        })),
        properties: snapshot.metadata.configuration,
      },
    };
  };
}
