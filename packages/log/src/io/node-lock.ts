// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomInt } from "node:crypto";
import { open, readdir, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import type { Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LogError, systemCodeOf } from "../errors.ts";
import type { LogLock } from "./storage.ts";

/*
 * A process holds a directory by listening on a Unix socket in it. The kernel closes the socket
 * when the process ends, however it ends, so a lock is stale exactly when connecting to it is
 * refused; process ids, which repeat between containers and restarts, decide nothing.
 *
 * Each attempt listens under a name never used before, and only then looks at the other sockets.
 * Of two attempts the one that listened later therefore sees the other one. An attempt that sees a
 * live socket gives up its own, so at most one remains. A socket that refuses is removed; its name
 * comes back to nobody, except that its owner may be between binding and listening, and such an
 * owner finds its own name missing afterwards and starts again.
 */

const LOCK_PREFIX = "lock-";
const LOCK_SUFFIX = ".sock";
const MAX_ATTEMPT_COUNT = 20;
const DESCRIPTION_TIMEOUT_MS = 1000;
const MAX_DESCRIPTION_BYTES = 512;
const MAX_SOCKET_PATH_BYTES = 100;
const HELD = "holds";
const ATTEMPTING = "attempts";

/**
 * Takes `directory` for this log alone.
 *
 * @throws LogError `locked` naming the holder, or `unavailable` when the file system has no sockets.
 */
export async function acquireDirectoryLock(directory: string): Promise<LogLock> {
  const handle = await open(directory, "r");
  try {
    for (let attempt = 1; ; attempt += 1) {
      const result = await attemptLock(directory, handle);
      if (result.kind === "held") return result.lock;
      const isDecided = result.kind === "locked" && !result.holder.startsWith(ATTEMPTING);
      if (isDecided || attempt === MAX_ATTEMPT_COUNT) throw lockedError(directory, result.holder);
      await delay(randomInt(5, 50));
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Attempt =
  | { readonly kind: "held"; readonly lock: LogLock }
  | { readonly kind: "locked" | "lost"; readonly holder: string };

async function attemptLock(directory: string, handle: FileHandle): Promise<Attempt> {
  const name = `${LOCK_PREFIX}${process.pid}-${randomBytes(8).toString("hex")}${LOCK_SUFFIX}`;
  const holder = { state: ATTEMPTING };
  const server = await listen(socketPath(directory, handle, name), holder);
  try {
    const holderSeen = await findLiveHolder(directory, handle, name);
    const names = await readdir(directory);
    if (holderSeen === undefined && names.includes(name)) {
      holder.state = HELD;
      return { kind: "held", lock: createLock(server, handle) };
    }
    await closeServer(server);
    return holderSeen === undefined
      ? { kind: "lost", holder: "a process that is opening it at the same time" }
      : { kind: "locked", holder: holderSeen };
  } catch (error) {
    await closeServer(server);
    throw error;
  }
}

function createLock(server: Server, handle: FileHandle): LogLock {
  return {
    async release() {
      // Closing the server removes the socket through the open directory.
      await closeServer(server);
      await handle.close();
    },
  };
}

async function findLiveHolder(
  directory: string,
  handle: FileHandle,
  ownName: string,
): Promise<string | undefined> {
  for (const name of await readdir(directory)) {
    if (name === ownName || !name.startsWith(LOCK_PREFIX) || !name.endsWith(LOCK_SUFFIX)) continue;
    const description = await describeHolder(socketPath(directory, handle, name));
    if (description !== undefined) return description;
    await unlink(join(directory, name)).catch((error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw error;
    });
  }
  return undefined;
}

/** What the process behind a socket says about itself; undefined when there is none. */
function describeHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    let isConnected = false;
    const finish = (): void => {
      socket.destroy();
      resolve(text === "" ? "a process that does not answer" : text);
    };
    socket.setEncoding("utf8");
    socket.setTimeout(DESCRIPTION_TIMEOUT_MS, finish);
    socket.on("connect", () => {
      isConnected = true;
    });
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length >= MAX_DESCRIPTION_BYTES) finish();
    });
    socket.on("end", finish);
    socket.on("error", (error) => {
      const systemCode = systemCodeOf(error);
      if (isConnected) finish();
      else if (systemCode === "ECONNREFUSED" || systemCode === "ENOENT") resolve(undefined);
      else if (systemCode === "EAGAIN") finish();
      else reject(error);
    });
  });
}

function listen(path: string, holder: { readonly state: string }): Promise<Server> {
  const since = new Date().toISOString();
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`${holder.state} it: process ${process.pid} on host ${hostname()} since ${since}`);
    });
    server.once("error", (error) => {
      reject(
        new LogError(
          "unavailable",
          `log: cannot make the lock socket ${path}: ${error.message}; ` +
            "put the log on a local file system that supports Unix sockets",
          { cause: error },
        ),
      );
    });
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

/** A path short enough for a socket address, which holds about a hundred bytes. */
function socketPath(directory: string, handle: FileHandle, name: string): string {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES || process.platform !== "linux") return path;
  return `/proc/self/fd/${handle.fd}/${name}`;
}

function lockedError(directory: string, holder: string): LogError {
  return new LogError(
    "locked",
    `log: ${directory} is in use (${holder}); stop that process or use another directory`,
    { details: { holder } },
  );
}
