// SPDX-License-Identifier: Apache-2.0
import type { DomainMetadataAction, MetadataAction, ProtocolAction } from "../log/actions.ts";
import type { BoundPredicate } from "../expression/bound-expression.ts";
import type { FieldPath } from "../schema/field-path.ts";
import type { DataType, StructField } from "../schema/types.ts";
import type { AddedFile } from "../table/transaction-request.ts";

/** A column by its name, or a field inside of one by its path; see {@link FieldPath}. */
export type ColumnReference = string | FieldPath;

/** One change of a table's definition. */
export type TableChange =
  /** Adds nullable columns behind the others; rows that are there have NULL. */
  | { readonly kind: "addColumns"; readonly columns: readonly NewColumn[] }
  /** Gives a column another name; the table must map its columns. */
  | { readonly kind: "renameColumn"; readonly column: ColumnReference; readonly name: string }
  /** Takes columns away; the table must map its columns. Their values stay in the files that are there. */
  | { readonly kind: "dropColumns"; readonly columns: readonly ColumnReference[] }
  /**
   * Gives a column, a field or what an ARRAY or MAP holds a wider type ("Type Widening" of the protocol), without a change
   * of files; the table's property `delta.enableTypeWidening` must be true.
   */
  | { readonly kind: "changeType"; readonly column: ColumnReference; readonly type: DataType }
  /** Forbids NULL in a column, after all rows have been checked. */
  | { readonly kind: "setNotNull"; readonly column: ColumnReference }
  | { readonly kind: "dropNotNull"; readonly column: ColumnReference }
  /** Adds a condition that must be true for every row, after all rows have been checked. */
  | { readonly kind: "addConstraint"; readonly name: string; readonly condition: string }
  | { readonly kind: "dropConstraint"; readonly name: string }
  /** Sets the SQL literal that a column of the table has where a row does not give it. */
  | { readonly kind: "setDefault"; readonly column: string; readonly value: string }
  | { readonly kind: "dropDefault"; readonly column: string }
  | {
      readonly kind: "setColumnComment";
      readonly column: ColumnReference;
      readonly comment: string;
    }
  | { readonly kind: "setDescription"; readonly description: string }
  /** Sets properties; the table gets the features that they need. */
  | { readonly kind: "setProperties"; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: "unsetProperties"; readonly properties: readonly string[] }
  /** Clusters a table that is not partitioned by other columns from now on; by none for an empty list. */
  | { readonly kind: "clusterBy"; readonly columns: readonly ColumnReference[] }
  /** Has the table support features, by the protocol's names. */
  | { readonly kind: "enableFeatures"; readonly features: readonly string[] };

export interface NewColumn {
  /** The struct that it goes into. @default the table itself */
  readonly parent?: FieldPath;
  readonly field: StructField;
}

/** What must be true for the rows that are there. */
export type RowCondition =
  | { readonly kind: "notNull"; readonly path: FieldPath }
  | { readonly kind: "check"; readonly name: string; readonly predicate: BoundPredicate };

/** A change worked out: what the commit sets, and what has to hold for it. */
export interface PlannedChange {
  readonly operation: string;
  readonly operationParameters: Readonly<Record<string, unknown>>;
  readonly metadata?: MetadataAction;
  readonly protocol?: ProtocolAction;
  readonly domains?: readonly DomainMetadataAction[];
  /** Files of the table again, which get row ids. */
  readonly adds?: readonly AddedFile[];
  readonly condition?: RowCondition;
}
