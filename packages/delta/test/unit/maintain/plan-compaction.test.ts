// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ActiveFile } from "../../../src/log/active-file.ts";
import { type CompactionLimits, planCompaction } from "../../../src/maintain/plan-compaction.ts";

const LIMITS: CompactionLimits = {
  targetFileBytes: 100,
  minFileBytes: 75,
  maxDeletedShare: 0.05,
  maxFilesPerBin: 1000,
  maxFileShare: 1,
};

interface FileFacts {
  readonly sizeBytes: number;
  readonly partition?: string | null;
  readonly rowCount?: number;
  readonly deletedCount?: number;
}

function fileOf(
  path: string,
  { sizeBytes, partition, rowCount, deletedCount }: FileFacts,
): ActiveFile {
  return {
    path,
    encodedPath: path,
    sizeBytes,
    modificationTimeMs: 0,
    rowCount: rowCount ?? 10,
    partitionValues: partition === undefined ? {} : { p: partition },
    stats: undefined,
    tags: undefined,
    deletionVector:
      deletedCount === undefined
        ? undefined
        : {
            storageType: "i",
            pathOrInlineDv: "",
            sizeInBytes: 0,
            cardinality: deletedCount,
          },
    baseRowId: undefined,
    defaultRowCommitVersion: undefined,
    clusteringProvider: undefined,
  };
}

function planned(files: readonly FileFacts[], limits = LIMITS): string[][] {
  const active = files.map((facts, index) => fileOf(String(index), facts));
  return planCompaction(active, limits).map((bin) => bin.files.map(({ path }) => path));
}

describe("a plan of compaction", () => {
  it("packs neighbours up to the target size and leaves large files alone", () => {
    const sizes = [40, 40, 40, 80, 40, 10];
    assert.deepEqual(planned(sizes.map((sizeBytes) => ({ sizeBytes }))), [
      ["0", "1"],
      ["2", "4", "5"],
    ]);
  });

  it("does not write a single file again, unless rows of it are deleted", () => {
    assert.deepEqual(planned([{ sizeBytes: 10 }]), []);
    assert.deepEqual(planned([{ sizeBytes: 10, deletedCount: 1 }]), [["0"]]);
  });

  it("writes a large file again where many of its rows are deleted", () => {
    assert.deepEqual(planned([{ sizeBytes: 90, rowCount: 100, deletedCount: 6 }]), [["0"]]);
    assert.deepEqual(planned([{ sizeBytes: 90, rowCount: 100, deletedCount: 5 }]), []);
  });

  it("keeps partitions apart, and takes the empty text for NULL", () => {
    const files = [
      { sizeBytes: 10, partition: "a" },
      { sizeBytes: 10, partition: "" },
      { sizeBytes: 10, partition: "b" },
      { sizeBytes: 10, partition: null },
      { sizeBytes: 10, partition: "a" },
    ];
    assert.deepEqual(planned(files), [
      ["0", "4"],
      ["1", "3"],
    ]);
  });

  it("bounds the files of a bin", () => {
    const files = Array.from({ length: 5 }, () => ({ sizeBytes: 1 }));
    assert.deepEqual(planned(files, { ...LIMITS, maxFilesPerBin: 2 }), [
      ["0", "1"],
      ["2", "3"],
    ]);
  });

  it("leaves a file out that would be written again for little more", () => {
    const files = [{ sizeBytes: 70 }, ...Array.from({ length: 6 }, () => ({ sizeBytes: 4 }))];
    const limits = { ...LIMITS, maxFileShare: 0.5 };
    assert.deepEqual(planned(files, limits), [["1", "2", "3", "4", "5", "6"]]);
    assert.deepEqual(planned([{ sizeBytes: 30 }, { sizeBytes: 30 }], limits), [["0", "1"]]);
    assert.deepEqual(planned([{ sizeBytes: 30 }, { sizeBytes: 29 }], limits), []);
  });

  it("writes few rows more than some times in a long run of small files", () => {
    const limits = { ...LIMITS, targetFileBytes: 1024, minFileBytes: 768, maxFileShare: 0.5 };
    let files: ActiveFile[] = [];
    let writtenBytes = 0;
    for (let round = 0; round < 1024; round += 1) {
      files.push(fileOf(`new-${round}`, { sizeBytes: 1 }));
      for (const bin of planCompaction(files, limits)) {
        const joined = new Set(bin.files);
        files = files.filter((file) => !joined.has(file));
        files.push(fileOf(`joined-${round}`, { sizeBytes: bin.liveBytes }));
        writtenBytes += bin.liveBytes;
      }
    }
    assert.ok(writtenBytes / 1024 <= 11, `${writtenBytes} bytes were written for 1024`);
    assert.ok(files.length <= 11, `${files.length} files are left`);
  });

  it("names no file twice, mixes no partitions, and exceeds the target with no bin of several files", () => {
    const anyFile = fc.record({
      sizeBytes: fc.nat(200),
      partition: fc.constantFrom("x", "y", null),
      rowCount: fc.constant(10),
      deletedCount: fc.option(fc.nat(10), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(anyFile), (facts) => {
        const files = facts.map(({ deletedCount, ...rest }, index) =>
          fileOf(String(index), {
            ...rest,
            ...(deletedCount === undefined ? {} : { deletedCount }),
          }),
        );
        const bins = planCompaction(files, LIMITS);
        const paths = bins.flatMap((bin) => bin.files.map(({ path }) => path));
        assert.equal(new Set(paths).size, paths.length);
        for (const bin of bins) {
          assert.equal(new Set(bin.files.map((file) => file.partitionValues["p"])).size, 1);
          if (bin.files.length > 1) assert.ok(bin.liveBytes <= LIMITS.targetFileBytes);
        }
      }),
    );
  });
});
