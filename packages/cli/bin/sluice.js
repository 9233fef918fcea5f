#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/src/main.js", import.meta.url);
if (existsSync(fileURLToPath(main))) {
  const { main: run } = await import(main.href);
  await run();
} else {
  process.stderr.write(
    "error: sluice is not built; run `npm ci && npm run build` in the checkout\n",
  );
  process.exitCode = 1;
}
