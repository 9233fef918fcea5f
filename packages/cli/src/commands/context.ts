// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";
import type { Environment } from "../environment.ts";
import type { Screen } from "../terminal/screen.ts";

/** What a command uses of the process it runs in. */
export interface CommandContext {
  readonly screen: Screen;
  readonly environment: Environment;
  readonly stdin: Readable;
}
