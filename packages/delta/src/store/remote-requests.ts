// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { PutIfAbsentResult } from "./object-store.ts";
import { PART_BYTES } from "./part-bytes.ts";
import type { RemoteApi } from "./remote-api.ts";
import { FAILURE_MEANINGS, type RemoteFailure, remoteError } from "./remote-failure.ts";
import { Attempts, type RetryEnvironment, type RetryPolicy } from "./retry.ts";

export interface RemoteSettings {
  readonly retry: RetryPolicy;
  /** One try of a request is given up after this, for each part's worth of bytes that it sends. */
  readonly requestTimeoutMs: number;
}

export interface RemoteAction {
  /** As in "cannot <name> <path>". */
  readonly name: string;
  readonly path: string;
  /** Whether an unanswered request may have changed the store. */
  readonly isWrite: boolean;
  /** Bytes that the request sends. @default 0 */
  readonly sentBytes?: number;
  /** Ends the tries early. */
  readonly signal?: AbortSignal;
}

/** A write that happens only where there is no object. */
export interface Creation {
  readonly path: string;
  /** Stored with the object. */
  readonly writeId: string;
  readonly sentBytes: number;
}

export type AttemptRequest<T> = (signal: AbortSignal) => Promise<T>;

/** Runs requests against an object store: with retries, and so that it is known in the end whose write an object is. */
export class RemoteRequests {
  readonly api: RemoteApi;
  readonly #settings: RemoteSettings;
  readonly #environment: RetryEnvironment;
  #areConditionsProven: boolean;

  constructor(api: RemoteApi, settings: RemoteSettings, environment: RetryEnvironment) {
    this.api = api;
    this.#settings = settings;
    this.#environment = environment;
    this.#areConditionsProven = !api.mustProveConditions;
  }

  keyOf(path: string): string {
    return this.api.keyPrefix + path;
  }

  /** @throws DeltaError with `effect: "unknown"` where one of the tries of a write may have happened. */
  async run<T>(action: RemoteAction, attempt: AttemptRequest<T>): Promise<T> {
    const attempts = new Attempts(this.#settings.retry, this.#environment);
    const partCount = Math.max(1, Math.ceil((action.sentBytes ?? 0) / PART_BYTES));
    const timeoutMs = this.#settings.requestTimeoutMs * partCount;
    let mayHaveApplied = false;
    for (;;) {
      const timeout = new AbortController();
      const timer = setTimeout(() => timeout.abort(), timeoutMs);
      const signals = [timeout.signal, ...(action.signal === undefined ? [] : [action.signal])];
      try {
        return await attempt(AbortSignal.any(signals));
      } catch (cause) {
        const failure = timeout.signal.aborted ? timedOut(timeoutMs) : this.api.classify(cause);
        const meaning = FAILURE_MEANINGS[failure.kind];
        mayHaveApplied ||= action.isWrite && meaning.mayHaveApplied;
        const isRetried = meaning.isRetried && action.signal?.aborted !== true;
        if (isRetried && (await attempts.wait(failure.retryAfterMs))) continue;
        const { name, path } = action;
        const { location } = this.api;
        throw remoteError({ action: name, path, location, failure, mayHaveApplied, cause });
      } finally {
        clearTimeout(timer);
      }
    }
  }

  /** As {@link RemoteRequests.run}, with `undefined` where there is no such object. */
  async find<T>(action: RemoteAction, attempt: AttemptRequest<T>): Promise<T | undefined> {
    try {
      return await this.run(action, attempt);
    } catch (error) {
      if (kindOf(error) === "notFound") return undefined;
      throw error;
    }
  }

  /**
   * An answer that there is an object, and a lost answer, leave open whether it is this very write that has happened: the
   * write's id in the object tells.
   */
  async create(creation: Creation, attempt: AttemptRequest<void>): Promise<PutIfAbsentResult> {
    const { path, writeId } = creation;
    try {
      await this.run(actionOf(creation), attempt);
    } catch (error) {
      const isOpen = error instanceof DeltaError && error.effect === "unknown";
      // An upload that is gone may have been completed by a try whose answer was lost.
      if (!isOpen && kindOf(error) !== "exists" && kindOf(error) !== "notFound") throw error;
      return this.#resultOf(path, writeId, error);
    }
    return { kind: "created" };
  }

  /**
   * Once for each store: writes the object just created again, which the service must refuse. One that does not heed the
   * condition would let two writers make the same version of a table.
   */
  async proveConditions(creation: Creation, attempt: AttemptRequest<void>): Promise<void> {
    if (this.#areConditionsProven) return;
    try {
      await this.run(actionOf(creation), attempt);
    } catch (error) {
      if (kindOf(error) === "exists") this.#areConditionsProven = true;
      // The write itself has happened. After any other failure the next one has to prove it.
      return;
    }
    const { location } = this.api;
    throw new DeltaError(
      "unsupported",
      `${location} does not heed the condition of a write: a second write of ${JSON.stringify(creation.path)} replaced the first, so that one of two concurrent commits would be lost; use a server that supports conditional writes`,
      { effect: "unknown", details: { location } },
    );
  }

  async #resultOf(path: string, writeId: string, error: unknown): Promise<PutIfAbsentResult> {
    const head = await this.#lookUpAfterWrite(path, error);
    // An object that was there and is not any more, or a write that may still happen.
    if (head === undefined) throw unknownOutcome(path, this.api.location, error);
    return { kind: head.writeId === writeId ? "created" : "exists" };
  }

  async #lookUpAfterWrite(
    path: string,
    writeError: unknown,
  ): Promise<{ readonly writeId: string | undefined } | undefined> {
    try {
      return await this.find({ name: "look up", path, isWrite: false }, async (signal) =>
        this.api.head(this.keyOf(path), signal),
      );
    } catch {
      throw unknownOutcome(path, this.api.location, writeError);
    }
  }
}

function actionOf({ path, sentBytes }: Creation): RemoteAction {
  return { name: "create", path, isWrite: true, sentBytes };
}

function timedOut(timeoutMs: number): RemoteFailure {
  return { kind: "unanswered", reason: `no answer within ${timeoutMs} ms` };
}

function kindOf(error: unknown): unknown {
  return error instanceof DeltaError ? error.details["kind"] : undefined;
}

function unknownOutcome(path: string, location: string, cause: unknown): DeltaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeltaError(
    "unavailable",
    `it is not known whether ${JSON.stringify(path)} was created in ${location}: ${reason}`,
    { cause, effect: "unknown", details: { path, location } },
  );
}
