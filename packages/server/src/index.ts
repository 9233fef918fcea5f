// SPDX-License-Identifier: Apache-2.0
export { Catalog, type CatalogEntry } from "./catalog/catalog.ts";
export { parseTableName, type TableName } from "./catalog/table-name.ts";
export { type Clock, systemClock } from "./clock.ts";
export { ServerError, type ServerErrorDetails } from "./errors.ts";
export { COMMIT_INTERVAL_PROPERTY } from "./ingest/table-properties.ts";
export type { RecoverySummary } from "./journal/recovery.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { type ClientCredentials, isLoopback, type ServerOptions } from "./options.ts";
export {
  type ServerComponents,
  type SluiceServer,
  startServer,
} from "./server.ts";
export type { TlsSettings } from "./socket/listener.ts";
