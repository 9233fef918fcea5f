// Removes every build output, so that the next build starts from the sources alone.
import { readdirSync, rmSync } from "node:fs";

const roots = ["bench", "conformance", "examples"];
for (const entry of readdirSync("packages")) roots.push(`packages/${entry}`);
for (const root of roots) rmSync(`${root}/dist`, { recursive: true, force: true });
