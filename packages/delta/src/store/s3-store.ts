// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";
import type { CompletedPart, S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { DeltaError } from "../delta-error.ts";
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
  type UploadPart,
  WRITE_ID_KEY,
} from "./remote-api.ts";
import { RemoteStore, type RemoteStoreOptions } from "./remote-store.ts";
import { classifyS3Error } from "./s3-errors.ts";
import type { RemoteFailure } from "./remote-failure.ts";
import type { BucketLocation } from "./store-location.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; the provider is then asked again. */
  readonly expiration?: Date;
}

export interface S3Options {
  /**
   * URL of a server other than AWS.
   * @default AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, else AWS
   */
  readonly endpoint?: string;
  /** @default AWS_REGION, the profile's region, else us-east-1 */
  readonly region?: string;
  /**
   * The bucket in the path instead of the host name.
   * @default true with an endpoint, false without
   */
  readonly forcePathStyle?: boolean;
  /**
   * Credentials, or what gives them and is asked again when they have expired.
   * @default the chain of the AWS SDK: environment, profile, web identity, container, instance
   */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
}

type Vendor = typeof import("@aws-sdk/client-s3");

/** @throws DeltaError `unsupported` if `@aws-sdk/client-s3` is not installed, `invalid_argument` for wrong options. */
export async function openS3Store(
  location: BucketLocation,
  s3: S3Options = {},
  options: RemoteStoreOptions = {},
): Promise<RemoteStore> {
  const vendor = await loadVendor(
    "@aws-sdk/client-s3",
    "a table in S3",
    async () => import("@aws-sdk/client-s3"),
  );
  return new RemoteStore(new S3Api(vendor, location, s3), options);
}

class S3Api implements RemoteApi {
  readonly location: string;
  readonly keyPrefix: string;
  readonly partConcurrency = 4;
  readonly mustProveConditions: boolean;
  readonly #vendor: Vendor;
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(vendor: Vendor, { bucket, keyPrefix, text }: BucketLocation, options: S3Options) {
    const endpoint = endpointOf(options);
    this.location = text;
    this.keyPrefix = keyPrefix;
    this.mustProveConditions = endpoint !== undefined;
    this.#vendor = vendor;
    this.#client = new vendor.S3Client(configOf(options, endpoint));
    this.#bucket = bucket;
  }

  async get(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const command = new this.#vendor.GetObjectCommand({
      ...this.#object(key),
      Range: `bytes=${range.start}-${range.end - 1}`,
    });
    const { Body } = await this.#client.send(command, { abortSignal: signal });
    return readStream(Body as Readable, signal);
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteHead> {
    const command = new this.#vendor.HeadObjectCommand(this.#object(key));
    const head = await this.#client.send(command, { abortSignal: signal });
    return {
      ...objectOf(key, head.ContentLength, head.LastModified),
      writeId: head.Metadata?.[WRITE_ID_KEY],
    };
  }

  async listPage(request: PageRequest, signal: AbortSignal): Promise<RemotePage> {
    const { prefix, isDelimited, startAfter, token, pageSize } = request;
    const command = new this.#vendor.ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      ...(isDelimited ? { Delimiter: "/" } : {}),
      ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
      ...(pageSize === undefined ? {} : { MaxKeys: pageSize }),
    });
    const page = await this.#client.send(command, { abortSignal: signal });
    const nextToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    return {
      objects: (page.Contents ?? []).map(({ Key = "", Size, LastModified }) =>
        objectOf(Key, Size, LastModified),
      ),
      prefixes: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  }

  async put(
    key: string,
    bytes: Uint8Array,
    { writeId, onlyIfAbsent }: PutCondition,
    signal: AbortSignal,
  ): Promise<void> {
    const command = new this.#vendor.PutObjectCommand({
      ...this.#object(key),
      Body: bytes,
      ContentLength: bytes.length,
      Metadata: { [WRITE_ID_KEY]: writeId },
      ...(onlyIfAbsent ? { IfNoneMatch: "*" } : {}),
    });
    await this.#client.send(command, { abortSignal: signal });
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    const command = new this.#vendor.DeleteObjectCommand(this.#object(key));
    await this.#client.send(command, { abortSignal: signal });
  }

  async startUpload(key: string, writeId: string, signal: AbortSignal): Promise<RemoteUpload> {
    const command = new this.#vendor.CreateMultipartUploadCommand({
      ...this.#object(key),
      Metadata: { [WRITE_ID_KEY]: writeId },
    });
    const { UploadId } = await this.#client.send(command, { abortSignal: signal });
    const upload = { ...this.#object(key), UploadId };
    const parts: CompletedPart[] = [];
    return {
      putPart: async (part, partSignal) => {
        parts[part.index] = await this.#putPart(upload, part, partSignal);
      },
      complete: async (completeSignal) => {
        const complete = new this.#vendor.CompleteMultipartUploadCommand({
          ...upload,
          MultipartUpload: { Parts: parts },
          IfNoneMatch: "*",
        });
        await this.#client.send(complete, { abortSignal: completeSignal });
      },
      abort: async (abortSignal) => {
        const abort = new this.#vendor.AbortMultipartUploadCommand(upload);
        await this.#client.send(abort, { abortSignal });
      },
    };
  }

  classify(error: unknown): RemoteFailure {
    return classifyS3Error(error);
  }

  async #putPart(
    upload: {
      readonly Bucket: string;
      readonly Key: string;
      readonly UploadId: string | undefined;
    },
    { index, bytes }: UploadPart,
    signal: AbortSignal,
  ): Promise<CompletedPart> {
    const PartNumber = index + 1;
    const command = new this.#vendor.UploadPartCommand({
      ...upload,
      PartNumber,
      Body: bytes,
      ContentLength: bytes.length,
    });
    const { ETag } = await this.#client.send(command, { abortSignal: signal });
    return { PartNumber, ...(ETag === undefined ? {} : { ETag }) };
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }
}

function endpointOf({ endpoint }: S3Options): string | undefined {
  const text =
    endpoint ?? process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"] ?? "";
  if (text === "") return undefined;
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new DeltaError(
      "invalid_argument",
      `the S3 endpoint ${JSON.stringify(text)} is no http or https URL`,
    );
  }
  return text;
}

function configOf(options: S3Options, endpoint: string | undefined): S3ClientConfig {
  const { region, forcePathStyle = endpoint !== undefined, credentials } = options;
  return {
    // Retries would hide from us that an earlier try may have written.
    maxAttempts: 1,
    forcePathStyle,
    // Not every server knows the checksums that AWS computes by default.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          requestChecksumCalculation: "WHEN_REQUIRED",
          responseChecksumValidation: "WHEN_REQUIRED",
        }),
    region: region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1",
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function objectOf(
  key: string,
  sizeBytes: number | undefined,
  modifiedAt: Date | undefined,
): RemoteObject {
  return { key, sizeBytes: sizeBytes ?? 0, modifiedAtMs: modifiedAt?.getTime() ?? 0 };
}
