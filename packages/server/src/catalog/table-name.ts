// SPDX-License-Identifier: Apache-2.0

/** A three-part table name, lower case as Unity Catalog keeps it. */
export interface TableName {
  readonly catalog: string;
  readonly schema: string;
  readonly table: string;
  /** catalog.schema.table */
  readonly full: string;
}

const MAX_PART_LENGTH = 255;
/** The whole name is that of a file of the catalog. */
const MAX_NAME_LENGTH = 240;
const PART = /^[A-Za-z0-9_]+$/;

/**
 * Reads `catalog.schema.table`; letters, digits and underscores, as the service documents for names.
 * @returns the name, or what is wrong with it.
 */
export function parseTableName(text: string): TableName | { readonly problem: string } {
  const parts = text.split(".");
  if (parts.length !== 3) {
    const shown = JSON.stringify(text.slice(0, 100));
    return { problem: `table name ${shown} must have three parts, catalog.schema.table` };
  }
  if (text.length > MAX_NAME_LENGTH) {
    return { problem: `table name of ${text.length} characters; the limit is ${MAX_NAME_LENGTH}` };
  }
  for (const part of parts) {
    if (part.length > MAX_PART_LENGTH || !PART.test(part)) {
      const shown = JSON.stringify(part.slice(0, 100));
      return {
        problem: `name part ${shown} must be 1 to ${MAX_PART_LENGTH} ASCII letters, digits or underscores`,
      };
    }
  }
  const [catalog, schema, table] = parts.map((part) => part.toLowerCase()) as [
    string,
    string,
    string,
  ];
  return { catalog, schema, table, full: `${catalog}.${schema}.${table}` };
}
