// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { MetadataAction } from "../log/actions.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { isOn } from "../log/table-properties.ts";
import { columnMappingModeOf } from "../log/column-mapping.ts";
import { assignColumnIds, COLUMN_MAPPING_MODE, MAX_COLUMN_ID } from "../schema/column-mapping.ts";
import { printSchemaString } from "../schema/schema-json.ts";
import { materializedColumns } from "../table/table-definition.ts";
import {
  checkSettable,
  featuresOfProperties,
  validateProperties,
} from "../table/property-rules.ts";
import { withFeatures } from "../table/table-protocol.ts";
import type { AddedFile } from "../table/transaction-request.ts";
import type { PlannedChange } from "./table-change.ts";

const ENABLE_ROW_TRACKING = "delta.enableRowTracking";

export function setProperties(
  snapshot: Snapshot,
  properties: Readonly<Record<string, string>>,
  randomUuid: () => string,
): PlannedChange {
  if (Object.keys(properties).length === 0) {
    throw new DeltaError("invalid_argument", "no property is given to set");
  }
  validateProperties(properties);
  const mapped = withMapping(snapshot, properties[COLUMN_MAPPING_MODE]?.toLowerCase());
  const enablesRows = enablesRowTracking(snapshot, properties);
  const configuration = {
    // Where rows were tracked before, files have columns by the names that were given then.
    ...(enablesRows ? materializedColumns(properties, randomUuid) : {}),
    ...mapped.configuration,
    ...properties,
  };
  const upgraded = withFeatures(snapshot.protocol, featuresOfProperties(properties));
  return {
    operation: "SET TBLPROPERTIES",
    operationParameters: { properties: JSON.stringify(properties) },
    metadata: { ...mapped, configuration },
    ...(upgraded === undefined ? {} : { protocol: upgraded }),
    ...(enablesRows ? { adds: filesWithoutRowIds(snapshot) } : {}),
  };
}

export function unsetProperties(snapshot: Snapshot, names: readonly string[]): PlannedChange {
  if (names.length === 0) throw new DeltaError("invalid_argument", "no property is given to unset");
  const configuration = { ...snapshot.metadata.configuration };
  for (const name of names) {
    checkSettable(name);
    if (name === COLUMN_MAPPING_MODE) throw mappingIsFinal();
    if (configuration[name] === undefined) {
      throw new DeltaError(
        "invalid_argument",
        `the table has no property ${JSON.stringify(name)}`,
        {
          details: { property: name },
        },
      );
    }
    delete configuration[name];
  }
  return {
    operation: "UNSET TBLPROPERTIES",
    operationParameters: { properties: JSON.stringify(names) },
    metadata: { ...snapshot.metadata, configuration },
  };
}

/** Columns of files that are there keep their names when mapping begins. */
function withMapping(snapshot: Snapshot, mode: string | undefined): MetadataAction {
  const { metadata, protocol, schema } = snapshot;
  const current = columnMappingModeOf(protocol, metadata);
  if (mode === undefined || mode === current) return metadata;
  if (current !== "none") throw mappingIsFinal();
  if (mode !== "name") {
    throw new DeltaError(
      "invalid_argument",
      `${COLUMN_MAPPING_MODE} of a table that is there can only become name, since its files have no ids`,
      { details: { property: COLUMN_MAPPING_MODE } },
    );
  }
  const known = Number(metadata.configuration[MAX_COLUMN_ID] ?? 0);
  const mapped = assignColumnIds(schema, known, ({ name }) => name);
  return {
    ...metadata,
    schemaString: printSchemaString(mapped.schema),
    configuration: {
      ...metadata.configuration,
      [MAX_COLUMN_ID]: String(mapped.maxColumnId),
    },
  };
}

function mappingIsFinal(): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `${COLUMN_MAPPING_MODE} of a table that maps its columns cannot be changed`,
    { details: { property: COLUMN_MAPPING_MODE } },
  );
}

function enablesRowTracking(
  { metadata }: Snapshot,
  properties: Readonly<Record<string, string>>,
): boolean {
  return (
    isOn(properties, ENABLE_ROW_TRACKING, false) &&
    !isOn(metadata.configuration, ENABLE_ROW_TRACKING, false)
  );
}

/** Rows that are there get ids when tracking begins: their files are added again. */
function filesWithoutRowIds({ files }: Snapshot): readonly AddedFile[] {
  return [...files].filter(({ baseRowId }) => baseRowId === undefined);
}
