// Runs the built test files with node's test runner: `node scripts/test.mjs [text in the path]...`
// Node 20's runner takes no globs, so the files are found here.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const wanted = process.argv.slice(2);
const projects = [
  ...readdirSync("packages").map((name) => join("packages", name)),
  ...["bench", "conformance", "examples"].filter((name) => existsSync(join(name, "dist"))),
];

const files = projects
  .flatMap((project) => builtTests(project))
  .filter((file) => wanted.length === 0 || wanted.some((text) => file.includes(text)))
  .sort((left, right) => left.localeCompare(right));

if (files.length === 0) {
  process.stderr.write(`no test file matches ${wanted.join(" ")}; was \`npm run build\` run?\n`);
  process.exit(1);
}

const result = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", "--test-reporter=spec", "--test-concurrency=2", ...files],
  { stdio: "inherit" },
);
process.exit(result.status ?? 1);

/** Test files of a project whose source still exists: the build leaves outputs of deleted sources behind. */
function builtTests(project) {
  const root = join(project, "dist", "test");
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .filter((name) => existsSync(join(project, "test", name.replace(/\.js$/, ".ts"))))
    .map((name) => join(root, name));
}
