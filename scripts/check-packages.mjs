// Checks each public package as npm would publish it: publint for the manifest, attw for what TypeScript users resolve.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

let failed = false;
for (const name of readdirSync("packages")) {
  const root = join("packages", name);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (manifest.private === true) continue;
  process.stdout.write(`${manifest.name}\n`);
  run("npx", ["publint", root, "--strict"]);
  run("npx", ["attw", "--pack", root, "--profile", "esm-only", "--quiet"]);
}
process.exit(failed ? 1 : 0);

function run(command, args) {
  const result = spawnSync(command, args, { stdio: "inherit" });
  if (result.status !== 0) failed = true;
}
