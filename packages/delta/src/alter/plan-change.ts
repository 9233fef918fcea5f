// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { CREATABLE_FEATURES } from "../log/table-features.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { columnMappingModeOf } from "../log/column-mapping.ts";
import { pathOf } from "../schema/field-path.ts";
import { constraintKey, constraintProperties, rowChecksOf } from "../table/check-constraints.ts";
import { clusteringDomain } from "../table/clustering.ts";
import { withFeatures } from "../table/table-protocol.ts";
import {
  addColumns,
  dropColumns,
  dropDefault,
  dropNotNull,
  renameColumn,
  setColumnComment,
  setDefault,
  setNotNull,
} from "./change-columns.ts";
import { changeType } from "./change-type.ts";
import { setProperties, unsetProperties } from "./change-properties.ts";
import type { ColumnReference, PlannedChange, TableChange } from "./table-change.ts";

/**
 * Works out what a change makes of a table.
 * @throws DeltaError `invalid_argument` naming what cannot be, `unsupported` for what is not done here.
 */
export function planChange(
  snapshot: Snapshot,
  change: TableChange,
  randomUuid: () => string,
): PlannedChange {
  switch (change.kind) {
    case "addColumns":
      return addColumns(snapshot, change.columns, randomUuid);
    case "renameColumn":
      return renameColumn(snapshot, change.column, change.name);
    case "dropColumns":
      return dropColumns(snapshot, change.columns);
    case "changeType":
      return changeType(snapshot, change.column, change.type);
    case "setNotNull":
      return setNotNull(snapshot, change.column);
    case "dropNotNull":
      return dropNotNull(snapshot, change.column);
    case "addConstraint":
      return addConstraint(snapshot, change.name, change.condition);
    case "dropConstraint":
      return dropConstraint(snapshot, change.name);
    case "setDefault":
      return setDefault(snapshot, change.column, change.value);
    case "dropDefault":
      return dropDefault(snapshot, change.column);
    case "setColumnComment":
      return setColumnComment(snapshot, change.column, change.comment);
    case "setDescription":
      return setDescription(snapshot, change.description);
    case "setProperties":
      return setProperties(snapshot, change.properties, randomUuid);
    case "unsetProperties":
      return unsetProperties(snapshot, change.properties);
    case "clusterBy":
      return clusterBy(snapshot, change.columns);
    case "enableFeatures":
      return enableFeatures(snapshot, change.features);
  }
}

function addConstraint(snapshot: Snapshot, name: string, condition: string): PlannedChange {
  const { metadata, protocol, schema } = snapshot;
  const key = constraintKey(name);
  const existing = metadata.configuration[key];
  if (existing !== undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the table has a constraint ${name} already: ${existing}; drop it first`,
      { details: { constraint: name } },
    );
  }
  const properties = constraintProperties(schema, { [name]: condition });
  const changed = {
    ...metadata,
    configuration: { ...metadata.configuration, ...properties },
  };
  const check = rowChecksOf({ ...snapshot, metadata: { ...metadata, configuration: properties } });
  const [added] = check.filter((known) => known.predicate.text === condition);
  const upgraded = withFeatures(protocol, ["checkConstraints"]);
  return {
    operation: "ADD CONSTRAINT",
    operationParameters: { name, expr: condition },
    metadata: changed,
    ...(upgraded === undefined ? {} : { protocol: upgraded }),
    ...(added === undefined
      ? {}
      : { condition: { kind: "check", name, predicate: added.predicate } }),
  };
}

function dropConstraint({ metadata }: Snapshot, name: string): PlannedChange {
  const key = constraintKey(name);
  const { [key]: condition, ...configuration } = metadata.configuration;
  if (condition === undefined) {
    throw new DeltaError("invalid_argument", `the table has no constraint ${name}`, {
      details: { constraint: name },
    });
  }
  return {
    operation: "DROP CONSTRAINT",
    operationParameters: { name, expr: condition, existed: "true" },
    metadata: { ...metadata, configuration },
  };
}

function setDescription({ metadata }: Snapshot, description: string): PlannedChange {
  return {
    operation: "SET TBLPROPERTIES",
    operationParameters: { properties: JSON.stringify({ comment: description }) },
    metadata: { ...metadata, description },
  };
}

function clusterBy(snapshot: Snapshot, columns: readonly ColumnReference[]): PlannedChange {
  const { metadata, protocol, schema } = snapshot;
  if (metadata.partitionColumns.length > 0) {
    throw new DeltaError(
      "invalid_argument",
      `the table is partitioned by ${metadata.partitionColumns.join(", ")}, and cannot be clustered as well`,
    );
  }
  const paths = columns.map(pathOf);
  const upgraded = withFeatures(protocol, ["clustering"]);
  return {
    operation: "CLUSTER BY",
    operationParameters: { newClusteringColumns: paths.map((path) => path.join(".")).join(",") },
    domains: [clusteringDomain(schema, paths, columnMappingModeOf(protocol, metadata))],
    ...(upgraded === undefined ? {} : { protocol: upgraded }),
  };
}

function enableFeatures({ protocol }: Snapshot, features: readonly string[]): PlannedChange {
  const unknown = features.find((feature) => !CREATABLE_FEATURES.has(feature));
  if (unknown !== undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the table feature ${JSON.stringify(unknown)} cannot be enabled; these can: ${[...CREATABLE_FEATURES].join(", ")}`,
      { details: { feature: unknown } },
    );
  }
  const upgraded = withFeatures(protocol, features);
  if (upgraded === undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the table supports ${features.join(", ") || "all of no features"} already`,
    );
  }
  return {
    operation: "UPGRADE PROTOCOL",
    operationParameters: { newProtocol: JSON.stringify(upgraded) },
    protocol: upgraded,
  };
}
