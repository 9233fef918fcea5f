// Checks that docs/conformance.md is true: each row names a test of ours that exists or says why there is none, no upstream test
// is listed twice, and each test in packages/client/test/conformance is named.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = "docs/conformance.md";
const OWN_TESTS = "packages/client/test/conformance";

const problems = [];
const named = new Set();
const upstream = new Set();

for (const section of readFileSync(PAGE, "utf8").split(/^## /m).slice(1)) {
  const [title, ...lines] = section.split("\n");
  for (const line of lines) {
    const row = /^\| `([^`]+)` \| (.*) \|$/.exec(line);
    if (row !== null) checkRow(title, row[1], row[2]);
    else if (line.startsWith("| ") && line !== "| upstream | ours |") {
      problems.push(`${title}: not a row of a test: ${line}`);
    }
  }
}
for (const name of readdirSync(OWN_TESTS).filter((file) => file.endsWith(".test.ts"))) {
  const file = join(OWN_TESTS, name);
  for (const test of testsIn(file)) {
    if (!named.has(`${file}: ${test}`)) problems.push(`${file}: "${test}" is not in ${PAGE}`);
  }
}
if (upstream.size === 0) problems.push(`${PAGE} has no rows`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);

function checkRow(title, name, ours) {
  const key = `${title}: ${name}`;
  if (upstream.has(key)) problems.push(`${key} is listed twice`);
  upstream.add(key);
  const references = [...ours.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+)\): "([^"]+)"/g)];
  if (references.length === 0 && !/^not applicable: \S/.test(ours)) {
    problems.push(`${key} names no test and no reason`);
  }
  for (const [, label, file, test] of references) {
    if (!file.endsWith(`${label}.test.ts`)) problems.push(`${key}: ${label} leads to ${file}`);
    if (!existsSync(file)) problems.push(`${key}: there is no ${file}`);
    else if (!testsIn(file).includes(test)) problems.push(`${key}: ${file} has no test "${test}"`);
    named.add(`${file}: ${test}`);
  }
}

function testsIn(file) {
  return [...readFileSync(file, "utf8").matchAll(/^test\("([^"]+)"/gm)].map(([, name]) => name);
}
