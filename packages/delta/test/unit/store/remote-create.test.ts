// SPDX-License-Identifier: Apache-2.0
// Concurrent creations against a service that loses, delays and refuses requests as a seed says.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assert as property, asyncProperty, array, constantFrom, record } from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import type { RemoteApi, RemoteHead } from "../../../src/store/remote-api.ts";
import type { FailureKind, RemoteFailure } from "../../../src/store/remote-failure.ts";
import { RemoteStore } from "../../../src/store/remote-store.ts";

/**
 * What becomes of one request: it is served; lost before or after it was done; it is done later, when others have come;
 * or it is refused without effect.
 */
type Fate = "serve" | "lostBefore" | "lostAfter" | "late" | "raced" | "throttled";

interface Stored {
  readonly writeId: string;
  readonly bytes: Uint8Array;
}

class Refusal {
  readonly kind: FailureKind;

  constructor(kind: FailureKind) {
    this.kind = kind;
  }
}

/** One object of a service. Only what creations use does anything. */
class OneObjectService {
  stored: Stored | undefined;
  readonly #fates: Fate[];
  readonly #late: (() => void)[] = [];

  constructor(fates: readonly Fate[]) {
    this.#fates = [...fates];
  }

  api(): RemoteApi {
    const unused = async (): Promise<never> => Promise.reject(new Error("not used"));
    return {
      location: "sim://",
      keyPrefix: "",
      partConcurrency: 1,
      mustProveConditions: false,
      get: unused,
      listPage: unused,
      delete: unused,
      startUpload: unused,
      put: async (_key, bytes, { writeId }) => this.#request(() => this.#put({ writeId, bytes })),
      head: async (key) => this.#request(() => this.#head(key)),
      classify: (error): RemoteFailure => ({
        kind: error instanceof Refusal ? error.kind : "unanswered",
        reason: "as the seed says",
      }),
    };
  }

  /** What was delayed arrives now. */
  settle(): void {
    for (const run of this.#late.splice(0)) run();
  }

  async #request<T>(run: () => T): Promise<T> {
    // Others come between.
    await Promise.resolve();
    const fate = this.#fates.shift() ?? "serve";
    if (fate === "raced" || fate === "throttled") throw new Refusal(fate);
    if (fate === "lostBefore") throw new Error("lost");
    if (fate === "late") {
      this.#late.push(() => {
        try {
          run();
        } catch {
          // Nobody waits for the answer any more.
        }
      });
      throw new Error("lost");
    }
    if (this.#fates.length % 3 === 0) this.settle();
    const result = run();
    if (fate === "lostAfter") throw new Error("lost");
    return result;
  }

  #put(stored: Stored): void {
    if (this.stored !== undefined) throw new Refusal("exists");
    this.stored = stored;
  }

  #head(key: string): RemoteHead {
    const { stored } = this;
    if (stored === undefined) throw new Refusal("notFound");
    return { key, sizeBytes: stored.bytes.length, modifiedAtMs: 0, writeId: stored.writeId };
  }
}

const FATES: readonly Fate[] = ["serve", "lostBefore", "lostAfter", "late", "raced", "throttled"];

async function outcomeOf(store: RemoteStore, writer: number): Promise<string> {
  try {
    return (await store.putIfAbsent("commit", new Uint8Array([writer]))).kind;
  } catch (error) {
    assert.ok(error instanceof DeltaError);
    return error.effect;
  }
}

describe("creations by concurrent writers", () => {
  test("say what really happened, whatever was lost", async () => {
    const scenario = record({
      fates: array(constantFrom(...FATES), { maxLength: 40 }),
      writers: constantFrom(1, 2, 3, 5),
    });
    await property(
      asyncProperty(scenario, async ({ fates, writers }) => {
        const service = new OneObjectService(fates);
        const api = service.api();
        const outcomes = await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            const store = new RemoteStore(api, {
              retry: { maxAttempts: 3, budgetMs: 1000 },
              retryEnvironment: { clock: () => 0, random: () => 0, sleep: async () => undefined },
            });
            return outcomeOf(store, writer);
          }),
        );
        service.settle();
        const owner = service.stored?.bytes[0];
        for (const [writer, outcome] of outcomes.entries()) {
          if (outcome === "created") assert.equal(owner, writer);
          if (outcome === "exists" || outcome === "none") assert.notEqual(owner, writer);
          if (outcome === "exists") assert.notEqual(owner, undefined);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
