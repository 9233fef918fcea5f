// SPDX-License-Identifier: Apache-2.0
import type { DataType } from "../../src/schema/types.ts";

/** A value of a row in the form that the scripts in `conformance/delta` print: exact, in JSON. */
export function plainValueOf(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined) return null;
  if (typeof type === "string") return plainScalar(value, type);
  switch (type.type) {
    case "struct":
      // Pairs, since members of an object have no order of their own where names look like numbers.
      return type.fields.map((field) => [
        field.name,
        plainValueOf((value as Record<string, unknown>)[field.name], field.type),
      ]);
    case "array":
      return (value as unknown[]).map((element) => plainValueOf(element, type.elementType));
    case "map":
      return [...(value as Map<unknown, unknown>)]
        .map(([key, item]) => [plainValueOf(key, type.keyType), plainValueOf(item, type.valueType)])
        .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1));
  }
}

function plainScalar(value: unknown, type: string): unknown {
  switch (type) {
    case "timestamp":
    case "timestamp_ntz":
      return `${value as bigint}us`;
    case "float":
    case "double":
      return hexOf(value as number);
    case "binary":
      return Buffer.from(value as Uint8Array).toString("hex");
    case "byte":
    case "short":
    case "integer":
    case "long":
      return String(value);
    default:
      return value;
  }
}

/** A number as Python's `float.hex` prints it. */
export function hexOf(value: number): string {
  if (!Number.isFinite(value)) {
    if (Number.isNaN(value)) return "nan";
    return value > 0 ? "inf" : "-inf";
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const sign = Object.is(value, -0) || value < 0 ? "-" : "";
  if (value === 0) return `${sign}0x0.0p+0`;
  const biased = (view.getUint16(0) >> 4) & 0x7ff;
  const [lead, exponent] = biased === 0 ? [0, -1022] : [1, biased - 1023];
  const digits = (view.getBigUint64(0) & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0");
  return `${sign}0x${lead}.${digits}p${exponent < 0 ? "" : "+"}${exponent}`;
}
