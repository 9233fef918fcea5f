// SPDX-License-Identifier: Apache-2.0

/** An HTTP request to one of the small JSON endpoints, free of the HTTP version it came by. */
export interface ApiRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most {@link MAX_API_BODY_BYTES}. */
  readonly body: Buffer;
}

export interface ApiResponse {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>;

/** Requests with a larger body are refused with 413. */
export const MAX_API_BODY_BYTES = 65_536;
