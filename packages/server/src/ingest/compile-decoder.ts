// SPDX-License-Identifier: Apache-2.0
import type { StructType } from "@sluice/delta";
import type { RecordFormat } from "@sluice/protocol";
import type { DecoderPlan } from "../columns/decoder.ts";
import { compileJsonDecoder } from "../columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../columns/proto/compile-proto-decoder.ts";
import { parseDescriptor } from "../columns/descriptor/parse-descriptor.ts";
import { ServerError } from "../errors.ts";

/** Table property with which DATE and TIMESTAMP columns take ISO 8601 texts from JSON; numbers only without it. */
export const ACCEPT_ISO_TEXTS_PROPERTY: string = "sluice.json.acceptIsoTexts";

/**
 * The decoder for one encoding of one table.
 * @throws ServerError `invalid_argument`, `schema_mismatch`, `unimplemented`.
 */
export function compileDecoder(
  schema: StructType,
  format: RecordFormat,
  descriptor: Uint8Array,
  table: string,
  properties: Readonly<Record<string, string>>,
): DecoderPlan {
  switch (format) {
    case "json": {
      const plan = compileJsonDecoder(schema, {
        acceptIsoTexts: properties[ACCEPT_ISO_TEXTS_PROPERTY]?.toLowerCase() === "true",
      });
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
      return plan;
    }
    case "avro":
      throw new ServerError(
        "unimplemented",
        "record type AVRO is not supported; use PROTO or JSON",
      );
  }
}
