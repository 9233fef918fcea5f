// SPDX-License-Identifier: Apache-2.0
// Real servers of object stores on this machine. `npm run setup:stores` installs them into .cache.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../../../.cache/", import.meta.url));

export interface ObjectServer extends AsyncDisposable {
  /** Base URL, without a slash at its end. */
  readonly url: string;
}

interface ServerProgram {
  /** Below .cache. */
  readonly file: string;
  readonly command: (file: string, port: number, directory: string) => readonly string[];
}

const VERSITYGW: ServerProgram = {
  file: "bin/versitygw",
  command: (file, port, directory) => [
    file,
    `--port=127.0.0.1:${port}`,
    `--access=${S3_CREDENTIALS.accessKeyId}`,
    `--secret=${S3_CREDENTIALS.secretAccessKey}`,
    "--keep-alive",
    "--quiet",
    "posix",
    directory,
  ],
};

const AZURITE: ServerProgram = {
  file: "azurite/node_modules/.bin/azurite-blob",
  command: (file, port, directory) => [
    process.execPath,
    realpathSync(file),
    `--blobPort=${port}`,
    `--location=${directory}`,
    "--silent",
    "--disableTelemetry",
    "--skipApiVersionCheck",
  ],
};

const FAKE_GCS: ServerProgram = {
  file: "bin/fake-gcs-server",
  command: (file, port, directory) => [
    file,
    "-scheme=http",
    "-host=127.0.0.1",
    `-port=${port}`,
    "-backend=memory",
    "-log-level=error",
    `-filesystem-root=${directory}`,
  ],
};

/** The account that every emulator of Azure has; its key is in their documentation. */
export const AZURE_ACCOUNT = {
  accountName: "devstoreaccount1",
  accountKey:
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};

export const S3_CREDENTIALS = { accessKeyId: "sluice-test", secretAccessKey: "sluice-test-secret" };

export const skipWithoutS3Server: string | false = skipWithout(VERSITYGW);

/** An S3 server (versitygw over a directory) without buckets. */
export async function startS3Server(): Promise<ObjectServer> {
  return start(VERSITYGW);
}

export const skipWithoutAzureServer: string | false = skipWithout(AZURITE);

/** An Azure blob server (azurite) without containers; the account's name is in the path. */
export async function startAzureServer(): Promise<ObjectServer> {
  return start(AZURITE);
}

export const skipWithoutGcsServer: string | false = skipWithout(FAKE_GCS);

/** A GCS server (fake-gcs-server in memory) without buckets. */
export async function startGcsServer(): Promise<ObjectServer> {
  return start(FAKE_GCS);
}

function skipWithout({ file }: ServerProgram): string | false {
  return existsSync(join(CACHE, file))
    ? false
    : `no .cache/${file}: npm run setup:stores installs it`;
}

/** Tries of starting, since another process may take the port that was found free. */
const START_ATTEMPTS = 3;

async function start(program: ServerProgram): Promise<ObjectServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(program);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce({ file, command }: ServerProgram): Promise<ObjectServer> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), "sluice-objects-"));
  const [executable = "", ...values] = command(join(CACHE, file), port, directory);
  const child = spawn(executable, values, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await listening(port, child);
  } catch (error) {
    await stop();
    throw new Error(`${file} does not start: ${Buffer.concat(output).toString()}`, {
      cause: error,
    });
  }
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Waits until the port takes connections, for half a minute at most. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (await accepts(port)) return;
    await sleep(50);
  }
  throw new Error("it takes no connections");
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}
