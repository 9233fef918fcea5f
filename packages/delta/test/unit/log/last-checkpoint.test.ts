// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  canonicalJson,
  jsonChecksum,
  parseLastCheckpoint,
  printLastCheckpoint,
} from "../../../src/log/last-checkpoint.ts";

/** The example of the protocol, "JSON checksum". */
const EXAMPLE = {
  k0: "'v 0'",
  checksum: "adsaskfljadfkjadfkj",
  k1: { k2: 2, k3: ["v3", [1, 2], { k4: "v4", k5: ["v5", "v6", "v7"] }] },
};

describe("_last_checkpoint", () => {
  test("has the checksum that the protocol's example has", () => {
    assert.equal(
      canonicalJson(EXAMPLE),
      '"k0"="%27v%200%27","k1"+"k2"=2,"k1"+"k3"+0="v3","k1"+"k3"+1+0=1,"k1"+"k3"+1+1=2,"k1"+"k3"+2+"k4"="v4","k1"+"k3"+2+"k5"+0="v5","k1"+"k3"+2+"k5"+1="v6","k1"+"k3"+2+"k5"+2="v7"',
    );
    assert.equal(jsonChecksum(EXAMPLE), "6a92d155a59bf2eecbd4b4ec7fd1f875");
  });

  test("encodes what is reserved, of every script", () => {
    assert.equal(
      canonicalJson({ "a(b)": "!*~é/", n: null, t: true }),
      '"a%28b%29"="%21%2A~%C3%A9%2F","n"=null,"t"=true',
    );
  });

  test("comes back as it was written", () => {
    const text = printLastCheckpoint({ version: 7, size: 3, sizeInBytes: 10, numOfAddFiles: 1 });
    assert.deepEqual(parseLastCheckpoint(text), { version: 7, size: 3 });
    assert.deepEqual(parseLastCheckpoint('{"version":7,"parts":2,"other":{}}'), {
      version: 7,
      parts: 2,
    });
  });

  test("is no hint where it contradicts its checksum or has no version", () => {
    const text = printLastCheckpoint({ version: 7, size: 3 });
    assert.equal(parseLastCheckpoint(text.replace('"version":7', '"version":8')), undefined);
    for (const wrong of ["{}", "[]", '{"version":-1}', '{"version":"7"}', '{"version":1.5}']) {
      assert.equal(parseLastCheckpoint(wrong), undefined);
    }
  });
});
