// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openSpool } from "../../../src/spool/open-spool.ts";
import type { OpenedSpool } from "../../../src/spool/opened-spool.ts";
import type { SpoolOptions } from "../../../src/spool/spool-options.ts";
import { makeTemporaryDirectory } from "../../support/temporary-directory.ts";

type Step =
  | { readonly kind: "append"; readonly sizes: readonly number[] }
  | { readonly kind: "trim"; readonly share: number }
  | { readonly kind: "read"; readonly share: number }
  | { readonly kind: "reopen" };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    sizes: fc.array(fc.nat(9000), { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant("trim" as const), share }),
  fc.record({ kind: fc.constant("read" as const), share }),
  fc.record({ kind: fc.constant("reopen" as const) }),
);

/** What the spool must be: byte lengths of all records ever appended, and how many are settled. */
class Model {
  readonly sizes: number[] = [];
  settled = 0;
}

test("behaves as a list of records would, over trims, drops and starts", async (context) => {
  const parent = await makeTemporaryDirectory(context);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 1, maxLength: 25 }),
      fc.constantFrom("refuse" as const, "dropOldest" as const),
      fc.constantFrom(0, 20_000),
      async (steps, whenFull, maxTailBytes) => {
        const options: SpoolOptions = {
          directory: join(parent, `${run++}`),
          maxBytes: 8 * 64 * 1024,
          maxRecordBytes: 10_000,
          whenFull,
          maxTailBytes,
        };
        const model = new Model();
        let spool = await openSpool(options);
        try {
          for (const each of steps) {
            if (each.kind === "reopen") {
              await spool.close();
              spool = await openSpool(options);
            } else {
              await take(spool, model, each);
            }
            await check(spool, model, model.settled);
          }
        } finally {
          await spool.close();
        }
      },
    ),
    { numRuns: 25 },
  );
});

async function take(
  spool: OpenedSpool,
  model: Model,
  step: Exclude<Step, { kind: "reopen" }>,
): Promise<void> {
  const waiting = model.sizes.length - model.settled;
  if (step.kind === "trim") {
    model.settled += Math.floor(step.share * waiting);
    spool.trim(model.settled);
  } else if (step.kind === "read") {
    await check(spool, model, model.settled + Math.floor(step.share * waiting));
  } else {
    const appends = step.sizes.map(async (size) => {
      const sequence = await spool.append(Buffer.alloc(size, size % 251), size % 1000);
      model.sizes[sequence] = size;
    });
    await Promise.allSettled(appends);
    // A spool that is full has dropped what it says it has, and no more.
    model.settled = spool.firstSequence;
  }
}

async function check(spool: OpenedSpool, model: Model, from: number): Promise<void> {
  assert.equal(spool.firstSequence, model.settled);
  assert.equal(spool.nextSequence, model.sizes.length);
  assert.equal(spool.depth.records, model.sizes.length - model.settled);
  let expected = from;
  for await (const { sequence, slot, record } of spool.read(from)) {
    const size = model.sizes[sequence];
    assert.deepEqual([sequence, record.byteLength, slot], [expected, size, (size ?? 0) % 1000]);
    assert.ok(record.every((byte) => byte === record.byteLength % 251));
    expected += 1;
  }
  assert.equal(expected, model.sizes.length);
}
