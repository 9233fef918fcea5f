// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { columnDefaultOf } from "../expression/column-default.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { isOn } from "../log/table-properties.ts";
import { changeField, changeInnerType, findType, type TypePlace } from "../schema/edit-schema.ts";
import { type FieldPath, pathOf, pathText } from "../schema/field-path.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import { isWidening, withTypeChange } from "../schema/type-widening.ts";
import type { DataType, StructField } from "../schema/types.ts";
import { ENABLE_TYPE_WIDENING } from "../table/property-rules.ts";
import { refuseComputedColumns } from "../table/table-definition.ts";
import { supportsFeature } from "../table/table-protocol.ts";
import { invalid, named, requireUnchecked, withSchema } from "./change-columns.ts";
import type { ColumnReference, PlannedChange } from "./table-change.ts";

/** Gives a column a wider type. Files stay as they are: what reads them makes the wider values. */
export function changeType(
  snapshot: Snapshot,
  reference: ColumnReference,
  toType: DataType,
): PlannedChange {
  const path = pathOf(reference);
  const place = findType(snapshot.schema, path);
  requireWidening(place.type, toType, path);
  requireEnabled(snapshot, path);
  refuseComputedColumns(snapshot.schema);
  requireUnchecked(snapshot, path, "changed to another type");
  const isField = place.innerPath.length === 0;
  const described = { name: path.join("."), type: toType, nullable: true, metadata: {} };
  let column: object = described;
  const schema = changeField(snapshot.schema, place.fieldPath, (field) => {
    const { nullable, metadata } = field;
    if (isField) column = { ...described, nullable, metadata };
    return widened(field, place, toType);
  });
  return {
    ...named("CHANGE COLUMN", { column: JSON.stringify(column) }),
    ...withSchema(snapshot, schema, { features: ["typeWidening"] }),
  };
}

function requireWidening(from: DataType, to: DataType, path: FieldPath): void {
  if (isWidening(from, to)) return;
  if (from === to) throw invalid(path, `is ${sqlTypeOf(to)} already`);
  throw invalid(
    path,
    `cannot be changed from ${sqlTypeOf(from)} to ${sqlTypeOf(to)}; a type can only be changed to ${WIDENINGS}`,
  );
}

const WIDENINGS =
  "a wider one: TINYINT, SMALLINT and INT to wider integers, DOUBLE or a DECIMAL of 10 digits before the point; BIGINT to one of 20; FLOAT to DOUBLE; DATE to TIMESTAMP_NTZ; DECIMAL to one with no fewer digits before and behind the point";

function requireEnabled({ metadata, protocol }: Snapshot, path: FieldPath): void {
  if (!isOn(metadata.configuration, ENABLE_TYPE_WIDENING, false)) {
    throw new DeltaError(
      "invalid_argument",
      `column ${pathText(path)} cannot be changed to another type; set the property ${ENABLE_TYPE_WIDENING} to true first`,
      { details: { column: path.join("."), property: ENABLE_TYPE_WIDENING } },
    );
  }
  if (!supportsFeature(protocol, PREVIEW_FEATURE)) return;
  throw new DeltaError(
    "unsupported",
    `column ${pathText(path)} cannot be changed to another type: the table supports ${PREVIEW_FEATURE}, whose clients want the version of each change, which this library does not write; let another engine change it`,
    { details: { column: path.join("."), feature: PREVIEW_FEATURE } },
  );
}

const PREVIEW_FEATURE = "typeWidening-preview";

function widened(
  field: StructField,
  { type, innerPath }: TypePlace,
  toType: DataType,
): StructField {
  const changed = withTypeChange(
    { ...field, type: changeInnerType(field.type, innerPath, toType) },
    { fromType: type, toType, innerPath },
  );
  // Evaluated here, so that a default that the new type does not have is refused.
  columnDefaultOf(changed);
  return changed;
}
