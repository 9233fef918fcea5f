// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type {
  BlockBlobClient,
  ContainerClient,
  ContainerListBlobFlatSegmentResponse,
  ContainerListBlobHierarchySegmentResponse,
  Metadata,
} from "@azure/storage-blob";
import { DeltaError } from "../delta-error.ts";
import { connectToAzure } from "./azure-credentials.ts";
import { classifyAzureError } from "./azure-errors.ts";
import type { AzureOptions } from "./azure-options.ts";
import { loadVendor } from "./load-vendor.ts";
import { readStream } from "./read-stream.ts";
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
import type { AzureLocation } from "./store-location.ts";

/** @throws DeltaError `unsupported` if a package is not installed, `invalid_argument` for wrong options. */
export async function openAzureStore(
  location: AzureLocation,
  azure: AzureOptions = {},
  options: RemoteStoreOptions = {},
): Promise<RemoteStore> {
  const vendor = await loadVendor(
    "@azure/storage-blob",
    "a table in Azure",
    async () => import("@azure/storage-blob"),
  );
  const client = await connectToAzure(vendor, location, azure);
  return new RemoteStore(
    new AzureApi(client.getContainerClient(location.bucket), location),
    options,
  );
}

type ListedPage = ContainerListBlobFlatSegmentResponse | ContainerListBlobHierarchySegmentResponse;

const ONLY_IF_ABSENT = { conditions: { ifNoneMatch: "*" } };

/** Accounts with directories show each directory as an empty blob with this in its metadata. */
const DIRECTORY_KEY = "hdi_isfolder";

class AzureApi implements RemoteApi {
  readonly location: string;
  readonly keyPrefix: string;
  readonly partConcurrency = 4;
  readonly mustProveConditions = false;
  readonly #container: ContainerClient;

  constructor(container: ContainerClient, { keyPrefix, text }: AzureLocation) {
    this.location = text;
    this.keyPrefix = keyPrefix;
    this.#container = container;
  }

  async get(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#blob(key).download(range.start, range.end - range.start, {
      abortSignal: signal,
      maxRetryRequests: 0,
    });
    checkIsObject(key, answer.metadata);
    return readStream(answer.readableStreamBody as Readable, signal);
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteHead> {
    const head = await this.#blob(key).getProperties({ abortSignal: signal });
    checkIsObject(key, head.metadata);
    return {
      ...objectOf(key, head.contentLength, head.lastModified),
      writeId: head.metadata?.[WRITE_ID_KEY],
    };
  }

  /** The service takes no key to start after. */
  async listPage(request: PageRequest, signal: AbortSignal): Promise<RemotePage> {
    const { prefix, isDelimited, token, pageSize } = request;
    const options = { prefix, includeMetadata: true, abortSignal: signal };
    const settings = {
      ...(token === undefined ? {} : { continuationToken: token }),
      ...(pageSize === undefined ? {} : { maxPageSize: pageSize }),
    };
    const pages = isDelimited
      ? this.#container.listBlobsByHierarchy("/", options).byPage(settings)
      : this.#container.listBlobsFlat(options).byPage(settings);
    const { value }: IteratorResult<ListedPage, ListedPage | undefined> = await pages.next();
    const nextToken = value?.continuationToken;
    const segment = value?.segment;
    const folded = segment !== undefined && "blobPrefixes" in segment ? segment.blobPrefixes : [];
    return {
      objects: (segment?.blobItems ?? [])
        .filter(({ metadata }) => !isDirectory(metadata))
        .map(({ name, properties }) =>
          objectOf(name, properties.contentLength, properties.lastModified),
        ),
      prefixes: (folded ?? []).map(({ name }) => name),
      ...(nextToken === undefined || nextToken === "" ? {} : { nextToken }),
    };
  }

  async put(
    key: string,
    bytes: Uint8Array,
    { writeId, onlyIfAbsent }: PutCondition,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#blob(key).upload(bytes, bytes.length, {
      abortSignal: signal,
      metadata: { [WRITE_ID_KEY]: writeId },
      ...(onlyIfAbsent ? ONLY_IF_ABSENT : {}),
    });
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    await this.#blob(key).delete({ abortSignal: signal });
  }

  /** Blocks of a blob that nobody has committed are seen by nobody, and belong to nobody but who knows their ids. */
  async startUpload(key: string, writeId: string): Promise<RemoteUpload> {
    const blob = this.#blob(key);
    const uploadId = randomUUID();
    const blockIds: string[] = [];
    return {
      putPart: async ({ index, bytes }, signal) => {
        const blockId = blockIdOf(uploadId, index);
        blockIds[index] = blockId;
        await blob.stageBlock(blockId, bytes, bytes.length, { abortSignal: signal });
      },
      complete: async (signal) => {
        await blob.commitBlockList(blockIds, {
          abortSignal: signal,
          metadata: { [WRITE_ID_KEY]: writeId },
          ...ONLY_IF_ABSENT,
        });
      },
      // Nothing but a committed blob could be deleted: the service removes the blocks after a week.
      abort: async () => undefined,
    };
  }

  classify(error: unknown): RemoteFailure {
    return classifyAzureError(error);
  }

  #blob(key: string): BlockBlobClient {
    return this.#container.getBlockBlobClient(key);
  }
}

/** All ids of one blob must have one length, of whatever writer. */
function blockIdOf(uploadId: string, index: number): string {
  return Buffer.from(`${uploadId}-${String(index).padStart(6, "0")}`).toString("base64");
}

function isDirectory(metadata: Metadata | undefined): boolean {
  return metadata?.[DIRECTORY_KEY] === "true";
}

function checkIsObject(key: string, metadata: Metadata | undefined): void {
  if (isDirectory(metadata)) {
    throw new DeltaError("not_found", `${JSON.stringify(key)} is a directory`);
  }
}

function objectOf(
  key: string,
  sizeBytes: number | undefined,
  modifiedAt: Date | undefined,
): RemoteObject {
  return { key, sizeBytes: sizeBytes ?? 0, modifiedAtMs: modifiedAt?.getTime() ?? 0 };
}
