// SPDX-License-Identifier: Apache-2.0
import type { StructType } from "@sluice/delta";
import type { RecordFormat } from "@sluice/protocol";
import type { DecoderPlan } from "../columns/decoder.ts";
import {
  decodingSchemaOf,
  type DefaultFills,
  defaultFillsOf,
  withDefaults,
} from "../columns/default-values.ts";
import { compileJsonDecoder } from "../columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../columns/proto/compile-proto-decoder.ts";
import { parseDescriptor } from "../columns/descriptor/parse-descriptor.ts";
import { ServerError } from "../errors.ts";

/** Table property with which DATE and TIMESTAMP columns take ISO 8601 texts from JSON; numbers only without it. */
export const ACCEPT_ISO_TEXTS_PROPERTY: string = "sluice.json.acceptIsoTexts";

/** How records become rows of a table: the columns of its builders, and what they have where a record leaves one out. */
export interface RecordRules {
  /** Of the rows. A column with a default may be left out, so that it may be null here until it is filled. */
  readonly schema: StructType;
  readonly defaults: DefaultFills;
}

/** @throws ServerError `unimplemented` for a default that cannot be worked out, naming the column. */
export function recordRulesOf(schema: StructType, table: string): RecordRules {
  const defaults = defaultFillsOf(schema, table);
  return { schema: decodingSchemaOf(schema, defaults), defaults };
}

/**
 * The decoder for one encoding of one table.
 * @throws ServerError `invalid_argument`, `schema_mismatch`, `unimplemented`.
 */
export function compileDecoder(
  { schema, defaults }: RecordRules,
  format: RecordFormat,
  descriptor: Uint8Array,
  table: string,
  properties: Readonly<Record<string, string>>,
): DecoderPlan {
  switch (format) {
    case "json": {
      const acceptIsoTexts = properties[ACCEPT_ISO_TEXTS_PROPERTY]?.toLowerCase() === "true";
      const plan = compileJsonDecoder(schema, { acceptIsoTexts }, defaults);
      if (plan.kind === "setupFailure")
        throw new ServerError("unimplemented", plan.message, { table });
      return plan;
    }
    case "proto": {
      const model = parseDescriptor(descriptor);
      if (model.kind === "setupFailure") {
        throw new ServerError("invalid_argument", model.message, { table });
      }
      const plan = compileProtoDecoder(schema, model);
      if (plan.kind === "setupFailure")
        throw new ServerError("schema_mismatch", plan.message, { table });
      return withDefaults(plan, defaults);
    }
    case "avro":
      throw new ServerError(
        "unimplemented",
        "record type AVRO is not supported; use PROTO or JSON",
      );
  }
}
