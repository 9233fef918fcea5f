// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { COLUMN_DEFAULT_METADATA_KEY } from "../expression/column-default.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { columnMappingModeOf, physicalNameOf } from "../log/column-mapping.ts";
import { assignColumnIds, MAX_COLUMN_ID, withoutColumnIds } from "../schema/column-mapping.ts";
import { addField, changeField, removeField } from "../schema/edit-schema.ts";
import { type FieldPath, findFieldPath, pathOf, pathText } from "../schema/field-path.ts";
import { printSchemaString } from "../schema/schema-json.ts";
import { withoutTypeChanges } from "../schema/type-widening.ts";
import type { StructField, StructType } from "../schema/types.ts";
import { validateTableSchema } from "../schema/validate-schema.ts";
import { rowChecksOf } from "../table/check-constraints.ts";
import { clusteringColumnsOf } from "../table/clustering.ts";
import { withDefaults } from "../table/column-defaults.ts";
import { refuseComputedColumns } from "../table/table-definition.ts";
import { featuresOfSchema, withFeatures } from "../table/table-protocol.ts";
import type { ColumnReference, NewColumn, PlannedChange } from "./table-change.ts";

export function addColumns(
  snapshot: Snapshot,
  columns: readonly NewColumn[],
  randomUuid: () => string,
): PlannedChange {
  if (columns.length === 0) throw new DeltaError("invalid_argument", "no column is given to add");
  let { schema } = snapshot;
  for (const { parent = [], field } of columns) {
    const path = [...parent, field.name];
    if (!field.nullable) {
      throw invalid(
        path,
        "is NOT NULL, which the rows that are there would break; add it nullable",
      );
    }
    if (field.metadata[COLUMN_DEFAULT_METADATA_KEY] !== undefined) {
      throw invalid(path, "has a default, which the rows that are there would lack; set it after");
    }
    const [plain] = withoutTypeChanges(
      withoutColumnIds({ type: "struct", fields: [field] }),
    ).fields;
    schema = addField(schema, parent, plain as StructField);
  }
  refuseComputedColumns(schema);
  const isMapped = modeOf(snapshot) !== "none";
  validateTableSchema(schema, isMapped);
  const described = columns.map(({ parent = [], field }) => ({
    column: {
      name: [...parent, field.name].join("."),
      type: field.type,
      nullable: true,
      metadata: field.metadata,
    },
  }));
  const operation = named("ADD COLUMNS", { columns: JSON.stringify(described) });
  if (!isMapped) return { ...operation, ...withSchema(snapshot, schema) };
  const { configuration } = snapshot.metadata;
  const mapped = assignColumnIds(
    schema,
    Number(configuration[MAX_COLUMN_ID] ?? 0),
    () => `col-${randomUuid()}`,
  );
  const maxColumnId = { [MAX_COLUMN_ID]: String(mapped.maxColumnId) };
  return {
    ...operation,
    ...withSchema(snapshot, mapped.schema, { configuration: maxColumnId }),
  };
}

export function renameColumn(
  snapshot: Snapshot,
  column: ColumnReference,
  name: string,
): PlannedChange {
  const path = pathOf(column);
  requireMapping(snapshot, "renamed");
  requireUnreferenced(snapshot, path, "renamed");
  const schema = changeField(snapshot.schema, path, (field) => ({ ...field, name }));
  validateTableSchema(schema, true);
  const { partitionColumns } = snapshot.metadata;
  const renamed = partitionColumns.map((known) =>
    path.length === 1 && known === path[0] ? name : known,
  );
  const change = withSchema(snapshot, schema);
  return {
    ...named("RENAME COLUMN", {
      oldColumnPath: path.join("."),
      newColumnPath: [...path.slice(0, -1), name].join("."),
    }),
    ...change,
    metadata: { ...change.metadata, partitionColumns: renamed },
  };
}

export function dropColumns(
  snapshot: Snapshot,
  columns: readonly ColumnReference[],
): PlannedChange {
  if (columns.length === 0) throw new DeltaError("invalid_argument", "no column is given to drop");
  requireMapping(snapshot, "dropped");
  const { partitionColumns } = snapshot.metadata;
  let { schema } = snapshot;
  for (const path of columns.map(pathOf)) {
    if (path.length === 1 && partitionColumns.includes(path[0] as string)) {
      throw invalid(path, "is one that the table is partitioned by, and cannot be dropped");
    }
    requireUnreferenced(snapshot, path, "dropped");
    requireUnclustered(snapshot, path);
    schema = removeField(schema, path);
  }
  if (schema.fields.length === partitionColumns.length) {
    throw new DeltaError("invalid_argument", "only partition columns would be left of the table");
  }
  const names = columns.map((column) => pathOf(column).join("."));
  return {
    ...named("DROP COLUMNS", { columns: JSON.stringify(names) }),
    ...withSchema(snapshot, schema),
  };
}

export function setNotNull(snapshot: Snapshot, column: ColumnReference): PlannedChange {
  const path = pathOf(column);
  const field = findFieldPath(snapshot.schema, path).at(-1);
  if (field?.nullable !== true) throw invalid(path, "is NOT NULL already");
  const change = changeColumn(snapshot, path, (known) => ({ ...known, nullable: false }));
  return { ...change, condition: { kind: "notNull", path } };
}

export function dropNotNull(snapshot: Snapshot, column: ColumnReference): PlannedChange {
  const path = pathOf(column);
  return changeColumn(snapshot, path, (field) => {
    if (field.nullable) throw invalid(path, "is nullable already");
    return { ...field, nullable: true };
  });
}

export function setColumnComment(
  snapshot: Snapshot,
  column: ColumnReference,
  comment: string,
): PlannedChange {
  return changeColumn(snapshot, pathOf(column), (field) => ({
    ...field,
    metadata: { ...field.metadata, comment },
  }));
}

export function setDefault(snapshot: Snapshot, column: string, value: string): PlannedChange {
  // Evaluated there, so that a default that no row could have is refused.
  const schema = withDefaults(snapshot.schema, { [column]: value });
  return changeColumn({ ...snapshot, schema }, [column], (field) => field);
}

export function dropDefault(snapshot: Snapshot, column: string): PlannedChange {
  return changeColumn(snapshot, [column], (field) => {
    const { [COLUMN_DEFAULT_METADATA_KEY]: value, ...metadata } = field.metadata;
    if (value === undefined) throw invalid([column], "has no default");
    return { ...field, metadata };
  });
}

function changeColumn(
  snapshot: Snapshot,
  path: FieldPath,
  change: (field: StructField) => StructField,
): PlannedChange {
  let changed: StructField | undefined;
  const schema = changeField(snapshot.schema, path, (field) => {
    changed = change(field);
    return changed;
  });
  return {
    ...named("CHANGE COLUMN", { column: JSON.stringify({ ...changed, name: path.join(".") }) }),
    ...withSchema(snapshot, schema),
  };
}

/** The metadata with another schema, and the protocol where that needs more features. */
export function withSchema(
  { metadata, protocol }: Snapshot,
  schema: StructType,
  {
    configuration = {},
    features = [],
  }: {
    readonly configuration?: Readonly<Record<string, string>>;
    /** Beyond those that the schema itself asks for. */
    readonly features?: readonly string[];
  } = {},
): Required<Pick<PlannedChange, "metadata">> & Pick<PlannedChange, "protocol"> {
  const upgraded = withFeatures(protocol, [...featuresOfSchema(schema), ...features]);
  return {
    metadata: {
      ...metadata,
      schemaString: printSchemaString(schema),
      configuration: { ...metadata.configuration, ...configuration },
    },
    ...(upgraded === undefined ? {} : { protocol: upgraded }),
  };
}

function requireMapping(snapshot: Snapshot, verb: string): void {
  if (modeOf(snapshot) !== "none") return;
  throw new DeltaError(
    "invalid_argument",
    `columns can only be ${verb} where the table maps its columns; set delta.columnMapping.mode to name first`,
    { details: { property: "delta.columnMapping.mode" } },
  );
}

/** Conditions, properties and the expressions of generated columns name columns by their text. */
function requireUnreferenced(snapshot: Snapshot, path: FieldPath, verb: string): void {
  const generated = snapshot.schema.fields.find(
    ({ metadata }) => metadata["delta.generationExpression"] !== undefined,
  );
  if (generated !== undefined) {
    throw new DeltaError(
      "unsupported",
      `column ${pathText(path)} cannot be ${verb}: the column ${JSON.stringify(generated.name)} is computed from others (generatedColumns), by an expression that is not understood here`,
      { details: { column: path.join("."), feature: "generatedColumns" } },
    );
  }
  requireUnchecked(snapshot, path, verb);
  if (snapshot.metadata.configuration["delta.dataSkippingStatsColumns"] !== undefined) {
    throw invalid(
      path,
      `cannot be ${verb} while the property delta.dataSkippingStatsColumns names columns; unset it first`,
    );
  }
}

/** @throws DeltaError `invalid_argument` if a condition on rows reads the column or what is in it. */
export function requireUnchecked(snapshot: Snapshot, path: FieldPath, verb: string): void {
  for (const { name, predicate } of rowChecksOf(snapshot)) {
    const isNamed = predicate.columns.some(({ fields }) =>
      beginsWith(
        fields.map((field) => field.name),
        path,
      ),
    );
    if (isNamed)
      throw invalid(path, `is used by the ${name}, and cannot be ${verb}; drop that first`);
  }
}

function requireUnclustered(snapshot: Snapshot, path: FieldPath): void {
  const mode = modeOf(snapshot);
  const physical = findFieldPath(snapshot.schema, path).map((field) => physicalNameOf(field, mode));
  if (clusteringColumnsOf(snapshot.domains).some((known) => beginsWith(known, physical))) {
    throw invalid(path, "is one that the table is clustered by, and cannot be dropped");
  }
}

function beginsWith(path: FieldPath, start: FieldPath): boolean {
  return start.every((name, index) => path[index] === name);
}

function modeOf({ protocol, metadata }: Snapshot): ReturnType<typeof columnMappingModeOf> {
  return columnMappingModeOf(protocol, metadata);
}

export function named(
  operation: string,
  operationParameters: Readonly<Record<string, unknown>>,
): Pick<PlannedChange, "operation" | "operationParameters"> {
  return { operation, operationParameters };
}

export function invalid(path: FieldPath, problem: string): DeltaError {
  return new DeltaError("invalid_argument", `column ${pathText(path)} ${problem}`, {
    details: { column: path.join(".") },
  });
}
