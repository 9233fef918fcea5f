// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeFileOnce } from "../durable-file.ts";
import { ServerError } from "../errors.ts";

/** The embedded server's one identity, and the key its tokens are signed with. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** 32 random bytes in base64. */
  readonly signingKey: string;
}

/**
 * Reads the credentials in `file`, or makes them and stores them there, readable by the owner alone. They stay the
 * same over restarts, so that clients reconnect.
 */
export async function loadOrCreateCredentials(file: string): Promise<Credentials> {
  const existing = await readCredentials(file);
  if (existing !== undefined) return existing;
  const created: Credentials = {
    clientId: randomUUID(),
    clientSecret: randomBytes(24).toString("base64url"),
    signingKey: randomBytes(32).toString("base64"),
  };
  await writeFileOnce(file, `${JSON.stringify(created, null, 2)}\n`, 0o600);
  return (await readCredentials(file)) ?? created;
}

async function readCredentials(file: string): Promise<Credentials | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  const parsed = parseJson(text);
  if (!isCredentials(parsed)) {
    const message = `${file} does not hold credentials; restore it, or delete it to have new ones made`;
    throw new ServerError("data_loss", message);
  }
  return parsed;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return ["clientId", "clientSecret", "signingKey"].every(
    (name) => typeof fields[name] === "string" && fields[name] !== "",
  );
}

/** Compares in a time that does not tell how much of the secret was right. */
export function matchesCredentials(
  credentials: Credentials,
  clientId: string,
  clientSecret: string,
): boolean {
  const idMatches = equalText(credentials.clientId, clientId);
  const secretMatches = equalText(credentials.clientSecret, clientSecret);
  return idMatches && secretMatches;
}

function equalText(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left);
  const rightBytes = Buffer.from(right);
  const padded = Buffer.alloc(leftBytes.length);
  rightBytes.copy(padded);
  return timingSafeEqual(leftBytes, padded) && leftBytes.length === rightBytes.length;
}
