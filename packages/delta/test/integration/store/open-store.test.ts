// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { loadVendor } from "../../../src/store/load-vendor.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { openStore } from "../../../src/store/open-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

describe("openStore", () => {
  test("opens a directory by its path and by its URL", async (context) => {
    const directory = join(await temporaryDirectory(context), "with space %41");
    for (const location of [directory, pathToFileURL(directory).href]) {
      const store = await openStore(location);
      assert.ok(store instanceof LocalStore);
      assert.equal(store.location, directory);
    }
  });

  test("names the package of a vendor that is not installed", async () => {
    const missing: string = "@sluice/no-such-vendor";
    await rejectsWith(
      loadVendor(missing, "a table in S3", async () => import(missing) as Promise<unknown>),
      "unsupported",
      /a table in S3 needs the package @sluice\/no-such-vendor.*npm install @sluice\/no-such-vendor/,
    );
  });

  test("refuses a wrong endpoint before any request", async () => {
    await rejectsWith(
      openStore("s3://bucket/t", { s3: { endpoint: "localhost:9000" } }),
      "invalid_argument",
      /no http or https URL/,
    );
  });
});
