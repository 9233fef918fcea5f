// SPDX-License-Identifier: Apache-2.0
import type { LogError } from "../errors.ts";
import type { LogFile, LogStorage } from "./storage.ts";

const PIECE_BYTES = 1024 * 1024;

/**
 * Creates a file of `byteLength` zeros and makes it durable: commits into written blocks change no
 * metadata of the file. Each piece is synced, so that one large flush does not hold up the commits
 * beside it. Removes the file again when that fails.
 *
 * @param stopReason - Asked between pieces; an error it returns ends the work.
 */
export async function createZeroFile(
  storage: LogStorage,
  name: string,
  byteLength: number,
  stopReason: () => LogError | undefined,
): Promise<LogFile> {
  const file = await storage.create(name);
  try {
    const zeros = new Uint8Array(Math.min(PIECE_BYTES, byteLength));
    for (let offset = 0; offset < byteLength; offset += zeros.byteLength) {
      const reason = stopReason();
      if (reason !== undefined) throw reason;
      await file.write(
        [zeros.subarray(0, Math.min(zeros.byteLength, byteLength - offset))],
        offset,
      );
      await file.sync();
    }
    return file;
  } catch (error) {
    await file.close();
    // The next start removes what could not be removed now.
    await storage.remove(name).catch(() => undefined);
    throw error;
  }
}
