// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { FailingStore } from "../../support/failing-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import { bytesOf, testStoreContract, textOf } from "./contract.ts";

testStoreContract({
  name: "a failing store without faults",
  open: async (context) => new FailingStore(new LocalStore(await temporaryDirectory(context))),
  listedCount: 10,
});

describe("FailingStore", () => {
  test("fails before, after and in the middle of what it is told", async (context) => {
    const inner = new LocalStore(await temporaryDirectory(context));
    const store = new FailingStore(inner, [
      { operation: "putIfAbsent", nth: 1, moment: "before", code: "resource_exhausted" },
      { operation: "putIfAbsent", nth: 2, moment: "after" },
      { operation: "put", path: /torn/, nth: 1, moment: "torn" },
      { operation: "writer.finish", nth: 1, moment: "before" },
    ]);
    await rejectsWith(store.putIfAbsent("a", bytesOf("1")), "resource_exhausted", /putIfAbsent/);
    assert.equal(await inner.get("a"), undefined);
    await assert.rejects(
      store.putIfAbsent("a", bytesOf("2")),
      (error) => error instanceof DeltaError && error.effect === "unknown",
    );
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("3")), { kind: "exists" });
    assert.equal(textOf(await inner.get("a")), "2");
    await store.put("whole", bytesOf("0123"));
    await rejectsWith(store.put("torn", bytesOf("0123")), "unavailable", /put/);
    assert.equal(textOf(await inner.get("torn")), "01");
    const writer = store.createWriter("part");
    await writer.write(bytesOf("x"));
    await rejectsWith(writer.finish(), "unavailable", /writer.finish/);
    await writer.abort();
    assert.equal(await inner.head("part"), undefined);
    assert.equal(store.count("putIfAbsent"), 3);
    assert.deepEqual(store.calls.at(-1), { operation: "writer.abort", path: "part" });
  });
});
