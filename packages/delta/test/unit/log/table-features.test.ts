// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import type { MetadataAction, ProtocolAction } from "../../../src/log/actions.ts";
import { validateAppendable, validateReadable } from "../../../src/log/table-features.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { metadataOf, PROTOCOL, SCHEMA } from "../../support/log-actions.ts";

function refuses(run: () => void, message: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DeltaError);
    assert.equal(error.code, "unsupported");
    assert.match(error.message, message);
    return true;
  });
}

const features = (readerFeatures: string[], writerFeatures: string[]): ProtocolAction => ({
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures,
  writerFeatures,
});

function appendable(
  protocol: ProtocolAction,
  metadata: MetadataAction,
  schema: StructType = SCHEMA,
): void {
  validateAppendable({ protocol, metadata, schema });
}

const withMetadata = (metadata: Record<string, unknown>): StructType => ({
  type: "struct",
  fields: [
    {
      name: "s",
      nullable: true,
      metadata: {},
      type: {
        type: "array",
        containsNull: true,
        elementType: {
          type: "struct",
          fields: [{ name: "x", type: "long", nullable: true, metadata }],
        },
      },
    },
  ],
});

describe("table features", () => {
  const plain = metadataOf(SCHEMA);

  test("accepts plain tables and features that an append honours", () => {
    validateReadable(PROTOCOL, plain);
    for (const minWriterVersion of [1, 2, 3, 4, 5, 6]) {
      appendable({ minReaderVersion: minWriterVersion > 4 ? 2 : 1, minWriterVersion }, plain);
    }
    appendable(
      features(
        ["timestampNtz", "deletionVectors"],
        ["timestampNtz", "deletionVectors", "appendOnly", "checkConstraints", "domainMetadata"],
      ),
      metadataOf(SCHEMA, { "delta.appendOnly": "true" }),
    );
  });

  test("refuses protocol versions of the future", () => {
    refuses(
      () => validateReadable({ minReaderVersion: 4, minWriterVersion: 8 }, plain),
      /reader version 4/,
    );
    refuses(
      () => appendable({ minReaderVersion: 1, minWriterVersion: 8 }, plain),
      /writer version 8/,
    );
    validateReadable({ minReaderVersion: 1, minWriterVersion: 8 }, plain);
  });

  test("refuses unknown features by name, for reading and for writing apart", () => {
    refuses(
      () =>
        validateReadable(features(["catalogManaged", "nova"], ["catalogManaged", "nova"]), plain),
      /cannot read .* catalogManaged, nova/,
    );
    validateReadable(features([], ["icebergCompatV2", "nova"]), plain);
    refuses(
      () => appendable(features([], ["icebergCompatV2", "nova"]), plain),
      /cannot append to .* icebergCompatV2, nova/,
    );
  });

  test("reads tables with column mapping, and refuses to append to them", () => {
    const mapped = metadataOf(SCHEMA, { "delta.columnMapping.mode": "name" });
    for (const protocol of [
      { minReaderVersion: 2, minWriterVersion: 5 },
      features(["columnMapping"], ["columnMapping"]),
    ]) {
      validateReadable(protocol, mapped);
      refuses(() => appendable(protocol, mapped), /columnMapping/);
    }
    appendable(PROTOCOL, mapped);
    appendable(
      features(["columnMapping"], ["columnMapping"]),
      metadataOf(SCHEMA, { "delta.columnMapping.mode": "none" }),
    );
  });

  test("takes widened types, and no other change of a type", () => {
    for (const feature of ["typeWidening", "typeWidening-preview"]) {
      const protocol = features([feature], [feature]);
      const changed = (changes: unknown): StructType =>
        withMetadata({ "delta.typeChanges": changes });
      const known = [
        { fromType: "byte", toType: "short", tableVersion: 3 },
        { fromType: "decimal(5,2)", toType: "decimal(7,3)", fieldPath: "value.element" },
      ];
      appendable(protocol, plain, changed(known));
      const unknown = [...known, { fromType: "string", toType: "integer" }];
      refuses(
        () => appendable(protocol, plain, changed(unknown)),
        /the type change of "x" from "string" to "integer"/,
      );
      for (const broken of ["x", [null], [{ fromType: "byte" }]]) {
        refuses(() => appendable(protocol, plain, changed(broken)), /type change of "x"/);
      }
      appendable(features([], []), plain, changed(unknown));
    }
  });

  test("refuses to append where rows would have to be checked or computed", () => {
    const legacy: ProtocolAction = { minReaderVersion: 1, minWriterVersion: 6 };
    refuses(
      () => appendable(legacy, metadataOf(SCHEMA, { "delta.constraints.pos": "id > 0" })),
      /checkConstraints \(delta\.constraints\.pos\)/,
    );
    const cases: [string, RegExp][] = [
      ["delta.invariants", /invariants \(column "s\.x"\)/],
      ["delta.generationExpression", /generatedColumns \(column "s\.x"\)/],
      ["delta.identity.start", /identityColumns \(column "s\.x"\)/],
      ["CURRENT_DEFAULT", /allowColumnDefaults \(column "s\.x"\)/],
    ];
    for (const [key, message] of cases) {
      const schema = withMetadata({ [key]: "1" });
      refuses(() => appendable(legacy, metadataOf(schema), schema), message);
    }
  });

  test("refuses to append to partitioned tables", () => {
    refuses(
      () => appendable(PROTOCOL, { ...plain, partitionColumns: ["id"] }),
      /partitioning by "id"/,
    );
  });

  test("refuses formats other than Parquet", () => {
    refuses(
      () => validateReadable(PROTOCOL, { ...plain, format: { provider: "orc", options: {} } }),
      /format orc/,
    );
  });
});
