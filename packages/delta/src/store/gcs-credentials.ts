// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { loadVendor } from "./load-vendor.ts";

export interface GcsServiceAccount {
  readonly clientEmail: string;
  readonly privateKey: string;
}

/** How to get in: at most one of `accessToken`, `serviceAccount`, `keyFile` and `isAnonymous`. */
export interface GcsOptions {
  /**
   * URL of a server other than Google's, such as an emulator.
   * @default STORAGE_EMULATOR_HOST, else https://storage.googleapis.com
   */
  readonly endpoint?: string;
  /** An OAuth 2 token, or what gives one that is good for the next request. */
  readonly accessToken?: string | (() => Promise<string>);
  readonly serviceAccount?: GcsServiceAccount;
  /** A key file of a service account, or a configuration of workload identity. */
  readonly keyFile?: string;
  /**
   * Without credentials, as emulators and public buckets take it.
   * @default true with STORAGE_EMULATOR_HOST, else false
   */
  readonly isAnonymous?: boolean;
}

/** Headers that let a request in; asked for each, since tokens end. */
export type GcsAuthorizer = () => Promise<Headers>;

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

/**
 * The default is the chain of Google's libraries: GOOGLE_APPLICATION_CREDENTIALS, the login of gcloud, the machine's
 * service account.
 * @throws DeltaError `invalid_argument` for several ways at once, `unsupported` if the library is not installed.
 */
export async function gcsAuthorizer(
  options: GcsOptions,
  isEmulator: boolean,
): Promise<GcsAuthorizer> {
  const { accessToken, serviceAccount, keyFile, isAnonymous } = options;
  const isChosen =
    accessToken !== undefined || serviceAccount !== undefined || keyFile !== undefined;
  checkOneWay(options);
  if (isAnonymous ?? (isEmulator && !isChosen)) return async () => new Headers();
  if (accessToken !== undefined) {
    return async () => {
      const token = typeof accessToken === "string" ? accessToken : await accessToken();
      return new Headers({ authorization: `Bearer ${token}` });
    };
  }
  const { GoogleAuth } = await loadVendor(
    "google-auth-library",
    "a table in Google Cloud Storage",
    async () => import("google-auth-library"),
  );
  const auth = new GoogleAuth({
    scopes: SCOPE,
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(serviceAccount === undefined
      ? {}
      : {
          credentials: {
            client_email: serviceAccount.clientEmail,
            private_key: serviceAccount.privateKey,
          },
        }),
  });
  // Older versions of the library give a plain object.
  return async () => new Headers(await auth.getRequestHeaders());
}

function checkOneWay({ accessToken, serviceAccount, keyFile, isAnonymous }: GcsOptions): void {
  const ways = { accessToken, serviceAccount, keyFile, isAnonymous: isAnonymous || undefined };
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length <= 1) return;
  throw new DeltaError(
    "invalid_argument",
    `give one way into Google Cloud Storage, not ${given.map(([name]) => name).join(" and ")}`,
  );
}
