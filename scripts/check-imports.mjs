// Checks that each package imports only what its package.json declares, that packages of ours depend on each other only
// as docs/ARCHITECTURE.md says, and that nobody reaches into another package's files.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";

/** What each package may use of ours. */
const ALLOWED = {
  protocol: [],
  log: [],
  delta: [],
  client: ["protocol"],
  server: ["protocol", "log", "delta"],
  cli: ["client", "protocol", "log", "delta", "server"],
  testkit: ["client", "protocol", "log", "delta", "server"],
};

/** What a package may use of ours where it is installed: types, and values by `await import()`. */
const OPTIONAL = { client: ["log"] };

const problems = [];
for (const [name, allowed] of Object.entries(ALLOWED)) {
  const root = join("packages", name);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const dependencies = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const optionalPeers = optionalPeersOf(manifest);
  const declared = new Set([...Object.keys(dependencies), ...optionalPeers]);
  const used = new Set();
  for (const file of typescriptFiles(join(root, "src"))) {
    for (const { specifier, isEager } of importsOf(readFileSync(file, "utf8"))) {
      if (specifier.startsWith(".") || isBuiltin(specifier)) continue;
      const dependency = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      used.add(dependency);
      if (!declared.has(dependency)) problems.push(`${file}: ${dependency} is not declared`);
      if (isEager && optionalPeers.includes(dependency)) {
        problems.push(`${file}: ${dependency} is optional and must be loaded by import()`);
      }
      if (!dependency.startsWith("@sluice/")) continue;
      if (specifier !== dependency) problems.push(`${file}: ${specifier} reaches into a package`);
      const ours = dependency.slice("@sluice/".length);
      const isOptional = optionalPeers.includes(dependency) && OPTIONAL[name]?.includes(ours);
      if (!allowed.includes(ours) && !isOptional) {
        problems.push(`${file}: ${name} must not depend on ${dependency}`);
      }
    }
  }
  for (const dependency of declared) {
    if (!used.has(dependency))
      problems.push(`packages/${name}: ${dependency} is declared and not used`);
  }
  for (const [dependency, range] of Object.entries(dependencies)) {
    if (!/^\d/.test(range)) problems.push(`packages/${name}: ${dependency} is not pinned exactly`);
  }
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);

function typescriptFiles(directory) {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(directory, name));
}

/** Peers that need not be installed. */
function optionalPeersOf({ peerDependencies = {}, peerDependenciesMeta = {} }) {
  return Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional);
}

/** Eager are imports of values that run when the module is loaded. */
function importsOf(source) {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s(?<type>type\s)?[^;]*?from\s+"(?<from>[^"]+)"|import\(\s*"(?<dynamic>[^"]+)"\s*\)|(?:^|\n)import\s+"(?<bare>[^"]+)"/g;
  return [...source.matchAll(pattern)].map(({ groups: { type, from, dynamic, bare } }) => ({
    specifier: from ?? dynamic ?? bare,
    isEager: dynamic === undefined && type === undefined,
  }));
}
