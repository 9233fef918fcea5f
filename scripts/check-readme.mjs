// Checks that the producer in README.md is the example that is compiled and run: from its first import to its end.
import { readFileSync } from "node:fs";

const readme = readFileSync("README.md", "utf8");
const example = readFileSync("examples/producer-minimal.ts", "utf8");
const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
if (shown !== example.slice(example.indexOf("import {"))) {
  process.stderr.write("README.md does not show examples/producer-minimal.ts as it is\n");
  process.exit(1);
}
