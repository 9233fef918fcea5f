// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

interface Closeable {
  close(): Promise<void>;
}

const toClose = new WeakMap<TestContext, Closeable[]>();

/** A directory that is removed when the test ends, after what was given to `closeAfter` was closed. */
export async function makeTemporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-client-"));
  context.after(async () => {
    for (const closeable of toClose.get(context) ?? []) await closeable.close();
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Has `closeable` closed when the test ends, before its directory goes. */
export function closeAfter(context: TestContext, closeable: Closeable): void {
  const closeables = toClose.get(context) ?? [];
  closeables.push(closeable);
  toClose.set(context, closeables);
}
