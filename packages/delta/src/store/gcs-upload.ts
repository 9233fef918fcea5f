// SPDX-License-Identifier: Apache-2.0
import type { GcsRequest } from "./gcs-requests.ts";
import { PART_BYTES } from "./part-bytes.ts";
import type { RemoteUpload, UploadPart } from "./remote-api.ts";

/** 308: the service has a part of the bytes and waits for more. */
const INCOMPLETE = 308;
/** The answer to a cancelled upload. */
const CANCELLED = 499;

/**
 * A resumable upload: parts one after the other, the last one with the total, which puts the object in place. The service
 * passes over bytes that it has already, so that a part may be sent again.
 */
export class GcsUpload implements RemoteUpload {
  readonly #sessionUrl: string;
  readonly #send: (request: GcsRequest) => Promise<Response>;
  #last: UploadPart | undefined;

  constructor(sessionUrl: string, send: (request: GcsRequest) => Promise<Response>) {
    this.#sessionUrl = sessionUrl;
    this.#send = send;
  }

  async putPart(part: UploadPart, signal: AbortSignal): Promise<void> {
    if (part.isLast) this.#last = part;
    else await this.#putRange(part, "*", signal);
  }

  async complete(signal: AbortSignal): Promise<void> {
    const last = this.#last;
    if (last === undefined) return;
    await this.#putRange(last, String(last.index * PART_BYTES + last.bytes.length), signal);
  }

  async abort(signal: AbortSignal): Promise<void> {
    await this.#send({
      method: "DELETE",
      url: this.#sessionUrl,
      absence: "notFound",
      alsoAccepts: [CANCELLED],
      signal,
    });
  }

  /** The service may take less than it was given; the rest follows. */
  async #putRange(part: UploadPart, total: string, signal: AbortSignal): Promise<void> {
    const { bytes } = part;
    const offset = part.index * PART_BYTES;
    const end = offset + bytes.length;
    for (let start = offset; start < end; ) {
      const response = await this.#send({
        method: "PUT",
        url: this.#sessionUrl,
        headers: { "content-range": `bytes ${start}-${end - 1}/${total}` },
        body: bytes.subarray(start - offset),
        absence: "notFound",
        alsoAccepts: [INCOMPLETE],
        signal,
      });
      await response.arrayBuffer();
      if (response.status !== INCOMPLETE) return;
      const kept = keptBytes(response.headers.get("range"));
      if (kept <= start) throw new Error(`the upload stands at byte ${kept}, ${start} were sent`);
      start = kept;
    }
  }
}

/** `bytes=0-<last>`; without it nothing is kept. */
function keptBytes(range: string | null): number {
  const match = /^bytes=0-(\d+)$/.exec(range ?? "");
  return match === null ? 0 : Number(match[1]) + 1;
}
