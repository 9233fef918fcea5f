// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import {
  featuresOfSchema,
  protocolOfFeatures,
  supportedFeaturesOf,
  withFeatures,
} from "../../../src/table/table-protocol.ts";

describe("protocolOfFeatures", () => {
  test("is the lowest version that has the features", () => {
    assert.deepEqual(protocolOfFeatures([]), { minReaderVersion: 1, minWriterVersion: 2 });
    assert.deepEqual(protocolOfFeatures(["checkConstraints"]), {
      minReaderVersion: 1,
      minWriterVersion: 3,
    });
    assert.deepEqual(protocolOfFeatures(["columnMapping", "changeDataFeed"]), {
      minReaderVersion: 2,
      minWriterVersion: 5,
    });
  });

  test("names features where a version cannot express them, and what they rest on", () => {
    assert.deepEqual(protocolOfFeatures(["rowTracking"]), {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["appendOnly", "domainMetadata", "invariants", "rowTracking"],
    });
    assert.deepEqual(protocolOfFeatures(["deletionVectors", "checkConstraints"]), {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["deletionVectors"],
      writerFeatures: ["appendOnly", "checkConstraints", "deletionVectors", "invariants"],
    });
  });
});

describe("withFeatures", () => {
  test("keeps a protocol that has the features already", () => {
    assert.equal(
      withFeatures({ minReaderVersion: 1, minWriterVersion: 4 }, ["appendOnly"]),
      undefined,
    );
    const named = {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["rowTracking", "domainMetadata"],
    };
    assert.equal(withFeatures(named, ["rowTracking"]), undefined);
  });

  test("raises versions as long as they can express the features", () => {
    assert.deepEqual(
      withFeatures({ minReaderVersion: 1, minWriterVersion: 2 }, ["checkConstraints"]),
      {
        minReaderVersion: 1,
        minWriterVersion: 3,
      },
    );
  });

  test("names what the versions implied when it goes over to named features", () => {
    const upgraded = withFeatures({ minReaderVersion: 2, minWriterVersion: 5 }, ["clustering"]);
    assert.deepEqual(upgraded, {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["columnMapping"],
      writerFeatures: [
        "appendOnly",
        "changeDataFeed",
        "checkConstraints",
        "clustering",
        "columnMapping",
        "domainMetadata",
        "generatedColumns",
        "invariants",
      ],
    });
  });

  test("never lowers a named protocol, and keeps features that it does not know", () => {
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: [],
      writerFeatures: ["nova"],
    };
    assert.deepEqual(withFeatures(protocol, ["appendOnly"]), {
      ...protocol,
      writerFeatures: ["appendOnly", "nova"],
    });
  });

  test("leaves every feature that was supported supported", () => {
    for (let writer = 1; writer <= 6; writer += 1) {
      const protocol = { minReaderVersion: writer >= 5 ? 2 : 1, minWriterVersion: writer };
      const upgraded = withFeatures(protocol, ["v2Checkpoint"]);
      assert.ok(upgraded !== undefined);
      for (const feature of supportedFeaturesOf(protocol)) {
        assert.ok(supportedFeaturesOf(upgraded).has(feature), `${feature} of ${writer}`);
      }
    }
  });
});

describe("featuresOfSchema", () => {
  test("finds types inside of others, and defaults", () => {
    const schema = parseColumnList(
      "a MAP<STRING, ARRAY<TIMESTAMP_NTZ>>, b STRUCT<c: VARIANT>, d INT",
    );
    assert.deepEqual([...featuresOfSchema(schema)], ["timestampNtz", "variantType"]);
    const [field] = parseColumnList("d INT").fields;
    assert.ok(field !== undefined);
    const withDefault = { ...field, metadata: { CURRENT_DEFAULT: "1" } };
    assert.deepEqual(
      [...featuresOfSchema({ type: "struct", fields: [withDefault] })],
      ["allowColumnDefaults"],
    );
  });
});
