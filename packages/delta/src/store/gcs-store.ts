// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { DeltaError } from "../delta-error.ts";
import { type GcsAuthorizer, type GcsOptions, gcsAuthorizer } from "./gcs-credentials.ts";
import { classifyGcsError, type GcsRequest, sendToGcs } from "./gcs-requests.ts";
import { GcsUpload } from "./gcs-upload.ts";
import {
  type ByteRange,
  type PageRequest,
  type PutCondition,
  type RemoteApi,
  type RemoteHead,
  type RemoteObject,
  type RemotePage,
  type RemoteUpload,
  WRITE_ID_KEY,
} from "./remote-api.ts";
import type { RemoteFailure } from "./remote-failure.ts";
import { RemoteStore, type RemoteStoreOptions } from "./remote-store.ts";
import type { BucketLocation } from "./store-location.ts";

/**
 * Speaks the JSON API; tokens come from Google's library.
 * @throws DeltaError `unsupported` if a package is not installed, `invalid_argument` for wrong options.
 */
export async function openGcsStore(
  location: BucketLocation,
  gcs: GcsOptions = {},
  options: RemoteStoreOptions = {},
): Promise<RemoteStore> {
  const emulator = process.env["STORAGE_EMULATOR_HOST"] ?? "";
  const isEmulator = gcs.endpoint === undefined && emulator !== "";
  const endpoint = endpointOf(gcs.endpoint ?? emulator);
  const authorize = await gcsAuthorizer(gcs, isEmulator);
  return new RemoteStore(new GcsApi(location, endpoint, authorize), options);
}

interface StoredObject {
  readonly name?: string;
  readonly size?: string;
  readonly timeCreated?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface ObjectList {
  readonly items?: readonly StoredObject[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

const ONLY_IF_ABSENT = { ifGenerationMatch: "0" };

class GcsApi implements RemoteApi {
  readonly location: string;
  readonly keyPrefix: string;
  /** The parts of a resumable upload come one after the other. */
  readonly partConcurrency = 1;
  readonly mustProveConditions = false;
  readonly #objectsUrl: string;
  readonly #uploadUrl: string;
  readonly #authorize: GcsAuthorizer;

  constructor(location: BucketLocation, endpoint: string, authorize: GcsAuthorizer) {
    this.location = location.text;
    this.keyPrefix = location.keyPrefix;
    const bucket = encodeURIComponent(location.bucket);
    this.#objectsUrl = `${endpoint}/storage/v1/b/${bucket}/o`;
    this.#uploadUrl = `${endpoint}/upload/storage/v1/b/${bucket}/o`;
    this.#authorize = authorize;
  }

  async get(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.#send({
      method: "GET",
      url: withQuery(this.#objectUrl(key), { alt: "media" }),
      headers: { range: `bytes=${range.start}-${range.end - 1}` },
      absence: "notFound",
      signal,
    });
    return new Uint8Array(await response.arrayBuffer());
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteHead> {
    const response = await this.#send({
      method: "GET",
      url: withQuery(this.#objectUrl(key), { fields: "name,size,timeCreated,metadata" }),
      absence: "notFound",
      signal,
    });
    const stored = (await response.json()) as StoredObject;
    return { ...objectOf(stored), key, writeId: stored.metadata?.[WRITE_ID_KEY] };
  }

  async listPage(request: PageRequest, signal: AbortSignal): Promise<RemotePage> {
    const { prefix, isDelimited, startAfter, token, pageSize } = request;
    const response = await this.#send({
      method: "GET",
      url: withQuery(this.#objectsUrl, {
        prefix,
        fields: "items(name,size,timeCreated),prefixes,nextPageToken",
        ...(isDelimited ? { delimiter: "/" } : {}),
        // The one named is given too, and passed over by the caller.
        ...(startAfter === undefined ? {} : { startOffset: startAfter }),
        ...(token === undefined ? {} : { pageToken: token }),
        ...(pageSize === undefined ? {} : { maxResults: String(pageSize) }),
      }),
      absence: "noContainer",
      signal,
    });
    const { items = [], prefixes = [], nextPageToken } = (await response.json()) as ObjectList;
    return {
      objects: items.map(objectOf),
      prefixes,
      ...(nextPageToken === undefined || nextPageToken === "" ? {} : { nextToken: nextPageToken }),
    };
  }

  async put(
    key: string,
    bytes: Uint8Array,
    { writeId, onlyIfAbsent }: PutCondition,
    signal: AbortSignal,
  ): Promise<void> {
    const boundary = randomUUID();
    const head = `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadataOf(key, writeId)}\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
    const response = await this.#send({
      method: "POST",
      url: withQuery(this.#uploadUrl, {
        uploadType: "multipart",
        ...(onlyIfAbsent ? ONLY_IF_ABSENT : {}),
      }),
      headers: { "content-type": `multipart/related; boundary=${boundary}` },
      body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
      absence: "noContainer",
      signal,
    });
    await response.arrayBuffer();
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    const url = this.#objectUrl(key);
    const response = await this.#send({ method: "DELETE", url, absence: "notFound", signal });
    await response.arrayBuffer();
  }

  async startUpload(key: string, writeId: string, signal: AbortSignal): Promise<RemoteUpload> {
    const response = await this.#send({
      method: "POST",
      url: withQuery(this.#uploadUrl, { uploadType: "resumable", ...ONLY_IF_ABSENT }),
      headers: { "content-type": "application/json; charset=UTF-8" },
      body: metadataOf(key, writeId),
      absence: "noContainer",
      signal,
    });
    await response.arrayBuffer();
    const sessionUrl = response.headers.get("location");
    if (sessionUrl === null) throw new Error("the answer that begins an upload has no location");
    return new GcsUpload(sessionUrl, async (request) => this.#send(request));
  }

  classify(error: unknown): RemoteFailure {
    return classifyGcsError(error);
  }

  #objectUrl(key: string): string {
    return `${this.#objectsUrl}/${encodeURIComponent(key)}`;
  }

  async #send(request: GcsRequest): Promise<Response> {
    return sendToGcs(request, this.#authorize);
  }
}

function endpointOf(text: string): string {
  if (text === "") return "https://storage.googleapis.com";
  // The variable of emulators may be a host and port alone.
  const url = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new DeltaError(
      "invalid_argument",
      `the GCS endpoint ${JSON.stringify(text)} is no http or https URL`,
    );
  }
  return url.replace(/\/+$/, "");
}

function withQuery(url: string, parameters: Readonly<Record<string, string>>): string {
  return `${url}?${new URLSearchParams(parameters).toString()}`;
}

function metadataOf(key: string, writeId: string): string {
  return JSON.stringify({ name: key, metadata: { [WRITE_ID_KEY]: writeId } });
}

function objectOf({ name = "", size, timeCreated = "" }: StoredObject): RemoteObject {
  return { key: name, sizeBytes: Number(size ?? 0), modifiedAtMs: Date.parse(timeCreated) };
}
