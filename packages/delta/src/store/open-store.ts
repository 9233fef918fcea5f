// SPDX-License-Identifier: Apache-2.0
import type { AzureOptions } from "./azure-options.ts";
import type { GcsOptions } from "./gcs-credentials.ts";
import { LocalStore } from "./local-store.ts";
import type { ObjectStore } from "./object-store.ts";
import type { RemoteStoreOptions } from "./remote-store.ts";
import type { S3Options } from "./s3-store.ts";
import { parseStoreLocation } from "./store-location.ts";

export interface StoreOptions extends RemoteStoreOptions {
  /** For `s3://` and `s3a://`. */
  readonly s3?: S3Options;
  /** For `abfss://` and `az://`. */
  readonly azure?: AzureOptions;
  /** For `gs://`. */
  readonly gcs?: GcsOptions;
}

/**
 * Opens the store of a location: a path of the local file system, `file://`, `s3://bucket/path` (also `s3a`),
 * `abfss://container@account.dfs.core.windows.net/path`, `az://container/path`, `gs://bucket/path`. The vendor's library
 * is loaded where the location needs it. Nothing is requested yet: what is wrong with the bucket or the credentials, the
 * first call tells.
 * @throws DeltaError `invalid_argument` for a wrong location or option, `unsupported` if the vendor's library is not
 *   installed; the message has the command that installs it.
 */
export async function openStore(
  location: string,
  options: StoreOptions = {},
): Promise<ObjectStore> {
  const parsed = parseStoreLocation(location);
  switch (parsed.kind) {
    case "local":
      return new LocalStore(parsed.root);
    case "s3": {
      const { openS3Store } = await import("./s3-store.ts");
      return openS3Store(parsed.location, options.s3, options);
    }
    case "azure": {
      const { openAzureStore } = await import("./azure-store.ts");
      return openAzureStore(parsed.location, options.azure, options);
    }
    case "gcs": {
      const { openGcsStore } = await import("./gcs-store.ts");
      return openGcsStore(parsed.location, options.gcs, options);
    }
  }
}
