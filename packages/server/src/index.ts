// SPDX-License-Identifier: Apache-2.0
export type { AccessControl, ClientInfo, CreatedClient } from "./catalog/access-control.ts";
export { Catalog, type TableDescription, type TableFeatures } from "./catalog/catalog.ts";
export type {
  CatalogEntry,
  Grant,
  Privilege,
  Securable,
  SecurableKind,
} from "./catalog/catalog-state.ts";
export {
  type ColumnRow,
  type GrantRow,
  type InformationSchema,
  readInformationSchema,
  type SchemaRow,
  type TableRow,
} from "./catalog/information-schema.ts";
export { parsePrivilege, parseSecurable } from "./catalog/securable.ts";
export { parseTableName, type TableName } from "./catalog/table-name.ts";
export { type Clock, systemClock } from "./clock.ts";
export { ServerError, type ServerErrorDetails } from "./errors.ts";
export type { FaultNotice, NoticeFault } from "./faults/fault-notice.ts";
export {
  compressFaults,
  type DurationRange,
  type FaultPlan,
  type FaultRule,
  type FaultScope,
  type FaultTiming,
  type StandingRule,
  type TimedRule,
} from "./faults/fault-plan.ts";
export { type FaultEvent, FaultSchedule } from "./faults/fault-schedule.ts";
export { type FaultOptions, startFaultyServer } from "./faults/faulty-server.ts";
export { FAULT_NAMES, parseFaults } from "./faults/parse-faults.ts";
export type { TableState } from "./ingest/table-life.ts";
export { COMMIT_INTERVAL_PROPERTY } from "./ingest/table-properties.ts";
export type { RecoverySummary } from "./journal/recovery.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { type ClientCredentials, isLoopback, type ServerOptions } from "./options.ts";
export {
  type ServerComponents,
  type SluiceServer,
  startServer,
  type TableStatus,
} from "./server.ts";
export type { TlsSettings } from "./socket/listener.ts";
