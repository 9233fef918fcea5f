// Measures what an application gets with @sluice/client: packs it as npm would publish it, installs it into an empty directory,
// and adds up the files. Prints the figures and checks what README.md says of them; ends with 1 where that is not so.
// `node scripts/measure-client-size.mjs [--json]`, after a build.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGES = ["packages/protocol", "packages/client"];
const MAX_DEPENDENCIES = 3;

const directory = mkdtempSync(join(tmpdir(), "sluice-size-"));
try {
  const tarballs = PACKAGES.map((name) => pack(name));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true }));
  run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs]);
  const load = 'import("@sluice/client").then(({ Producer }) => Producer.open.name)';
  run(process.execPath, ["--input-type=module", "--eval", load]);
  const measured = measure(tarballs);
  const problems = problemsOf(measured);
  process.stdout.write(
    process.argv.includes("--json")
      ? `${JSON.stringify(measured)}\n`
      : `@sluice/client: ${kilobytes(measured.downloadBytes)} to download, ${kilobytes(measured.installedBytes)} installed in ${measured.fileCount} files, with ${measured.dependencies.join(", ")}\n`,
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function pack(name) {
  const output = execFileSync("npm", [
    "pack",
    "--json",
    "--pack-destination",
    directory,
    `./${name}`,
  ]);
  return join(directory, JSON.parse(output)[0].filename);
}

function run(command, args) {
  execFileSync(command, args, { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
}

function measure(tarballs) {
  const modules = join(directory, "node_modules");
  const files = readdirSync(modules, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith(".") && statSync(join(modules, name)).isFile(),
  );
  const manifests = files
    .filter((name) => /^(@[^/]+\/)?[^/]+\/package\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(modules, name), "utf8")));
  return {
    downloadBytes: sum(tarballs.map((file) => statSync(file).size)),
    installedBytes: sum(files.map((name) => statSync(join(modules, name)).size)),
    fileCount: files.length,
    dependencies: manifests.map(({ name }) => name).filter((name) => name !== "@sluice/client"),
    /** Compiled code, or what would compile or fetch it. */
    native: [
      ...files.filter((name) => /\.(node|gyp|wasm|so|dylib|dll)$/.test(name)),
      ...manifests
        .filter(({ scripts }) => scripts?.install ?? scripts?.postinstall)
        .map(({ name }) => name),
    ],
  };
}

function problemsOf({ installedBytes, dependencies, native }) {
  const readme = readFileSync("README.md", "utf8");
  const claim = /under (\d+) MB installed/.exec(readme);
  const problems = [];
  if (claim === null) problems.push("README.md does not say: under N MB installed");
  else if (installedBytes >= Number(claim[1]) * 1e6) {
    problems.push(`README.md says ${claim[0]}, it is ${kilobytes(installedBytes)}`);
  }
  if (!/No native code, one dependency \(ours\)/.test(readme) || dependencies.length !== 1) {
    problems.push(`README.md must say how many dependencies there are: ${dependencies.join(", ")}`);
  }
  if (dependencies.length > MAX_DEPENDENCIES) {
    problems.push(`${dependencies.length} dependencies, the limit is ${MAX_DEPENDENCIES}`);
  }
  if (native.length > 0) problems.push(`not without native code: ${native.join(", ")}`);
  return problems;
}

function kilobytes(bytes) {
  return `${Math.ceil(bytes / 1000)} kB`;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
