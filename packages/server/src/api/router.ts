// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "@sluice/protocol";
import { ServerError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { ApiHandler, ApiRequest, ApiResponse } from "./api-types.ts";
import type { CatalogEndpoints } from "./catalog-endpoints.ts";

const TOKEN_PATH = "/oidc/v1/token";
const GRPC_SERVICE_PATH = "/databricks.zerobus.Zerobus/";
const CATALOG_PATH = "/api/2.1/unity-catalog/";

interface ErrorShape {
  readonly status: number;
  readonly name: string;
}

const INTERNAL_ERROR: ErrorShape = { status: 500, name: "INTERNAL_ERROR" };

/** HTTP status and Databricks `error_code` of each code. */
const ERROR_SHAPES: Readonly<Record<ErrorCode, ErrorShape>> = {
  invalid_argument: { status: 400, name: "INVALID_PARAMETER_VALUE" },
  schema_mismatch: { status: 400, name: "INVALID_PARAMETER_VALUE" },
  unauthenticated: { status: 401, name: "UNAUTHENTICATED" },
  permission_denied: { status: 403, name: "PERMISSION_DENIED" },
  not_found: { status: 404, name: "TABLE_DOES_NOT_EXIST" },
  already_exists: { status: 409, name: "ALREADY_EXISTS" },
  unimplemented: { status: 501, name: "NOT_IMPLEMENTED" },
  out_of_range: { status: 400, name: "INVALID_PARAMETER_VALUE" },
  resource_exhausted: { status: 429, name: "RESOURCE_EXHAUSTED" },
  fenced: { status: 409, name: "ABORTED" },
  unavailable: { status: 503, name: "TEMPORARILY_UNAVAILABLE" },
  deadline_exceeded: { status: 504, name: "DEADLINE_EXCEEDED" },
  cancelled: { status: 499, name: "CANCELLED" },
  closed: { status: 503, name: "TEMPORARILY_UNAVAILABLE" },
  data_loss: INTERNAL_ERROR,
  internal: INTERNAL_ERROR,
};

export interface ApiRoutes {
  /** `undefined` where authentication is off. */
  readonly token: ApiHandler | undefined;
  readonly catalog: CatalogEndpoints;
}

/** Sends each request to its endpoint, and turns what an endpoint throws into an error body. */
export function createRouter(routes: ApiRoutes, logger: Logger): ApiHandler {
  return async (request) => {
    try {
      return await route(routes, request);
    } catch (reason) {
      const error = ServerError.from(reason, `${request.method} ${request.path}`);
      if (error.code === "internal") logger.error({ err: error }, "request failed");
      const { status, name } = ERROR_SHAPES[error.code];
      return { status, body: { error_code: name, message: error.message } };
    }
  };
}

async function route(routes: ApiRoutes, request: ApiRequest): Promise<ApiResponse> {
  // The official clients append the path to a base URL that may end in a slash or carry a path of its own.
  const path = request.path.replaceAll(/\/{2,}/g, "/");
  if (path.endsWith(TOKEN_PATH)) {
    if (routes.token !== undefined) return routes.token(request);
    const message = "authentication is off on this server; no token is needed";
    throw new ServerError("not_found", message);
  }
  const catalogAt = path.indexOf(CATALOG_PATH);
  if (catalogAt >= 0) {
    const answer = routeCatalog(
      routes.catalog,
      request,
      path.slice(catalogAt + CATALOG_PATH.length),
    );
    if (answer !== undefined) return answer;
  }
  if (path.startsWith(GRPC_SERVICE_PATH)) {
    const message = `${path} is a gRPC method: use POST over HTTP/2 with content-type application/grpc`;
    return { status: 415, body: { error_code: "INVALID_PARAMETER_VALUE", message } };
  }
  const message = `no endpoint at ${path}; this server has ${TOKEN_PATH}, ${CATALOG_PATH}catalogs, schemas, tables and tables/{full_name}, and the gRPC service databricks.zerobus.Zerobus`;
  return { status: 404, body: { error_code: "ENDPOINT_NOT_FOUND", message } };
}

/** `undefined` where there is no such endpoint. */
function routeCatalog(
  endpoints: CatalogEndpoints,
  request: ApiRequest,
  path: string,
): Promise<ApiResponse> | undefined {
  const handler = catalogHandler(endpoints, path.replace(/\/$/, ""));
  if (handler === undefined || request.method === "GET") return handler?.(request);
  const message = `${request.method} is not supported here; tables are created with \`sluice table create\``;
  return Promise.resolve({
    status: 405,
    body: { error_code: "NOT_IMPLEMENTED", message },
    headers: { allow: "GET" },
  });
}

function catalogHandler(endpoints: CatalogEndpoints, path: string): ApiHandler | undefined {
  switch (path) {
    case "catalogs":
      return (request) => endpoints.listCatalogs(request);
    case "schemas":
      return (request) => endpoints.listSchemas(request);
    case "tables":
      return (request) => endpoints.listTables(request);
    default: {
      const name = /^tables\/(.+)$/.exec(path)?.[1];
      return name === undefined
        ? undefined
        : async (request) => endpoints.getTable(request, decodeName(name));
    }
  }
}

function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    const message = `the table name ${JSON.stringify(encoded)} is not URL-encoded`;
    throw new ServerError("invalid_argument", message, {}, cause);
  }
}
