// SPDX-License-Identifier: Apache-2.0

/**
 * Writes deletion vectors by the Roaring format specification and the protocol, apart from the reader under test. The
 * kind of each container is chosen by the caller, so that readers meet kinds that a writer would not choose.
 */
export type ContainerKind = "array" | "bits" | "runs";

const BITMAP_BYTES = 8192;

/** @param rows ascending. */
export function deletionVectorBytes(
  rows: readonly number[],
  kindOf: (key: number) => ContainerKind = () => "array",
): Buffer {
  const buckets = groupsOf(rows, 2 ** 32);
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(buckets.length));
  return Buffer.concat([
    uint32(1_681_511_377),
    count,
    ...buckets.flatMap(({ key, members }) => [uint32(key), bitmapBytes(members, kindOf)]),
  ]);
}

/** A file with one vector, as descriptors with `offset: 1` name it. */
export function deletionVectorFile(vector: Buffer, checksum: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(vector.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(checksum);
  return Buffer.concat([Buffer.of(1), size, vector, crc]);
}

function bitmapBytes(members: readonly number[], kindOf: (key: number) => ContainerKind): Buffer {
  const containers = groupsOf(members, 2 ** 16).map((group) => ({
    ...group,
    kind: kindOf(group.key),
  }));
  const hasRuns = containers.some(({ kind }) => kind === "runs");
  const flags = Buffer.alloc(Math.ceil(containers.length / 8));
  for (const [index, { kind }] of containers.entries()) {
    if (kind === "runs") flags[index >> 3] = (flags[index >> 3] as number) | (1 << (index & 7));
  }
  const head = hasRuns
    ? [uint16(12_347), uint16(containers.length - 1), flags]
    : [uint32(12_346), uint32(containers.length)];
  const keys = containers.map(({ key, members: numbers }) =>
    Buffer.concat([uint16(key), uint16(numbers.length - 1)]),
  );
  const bodies = containers.map(({ kind, members: numbers }) => containerBytes(numbers, kind));
  const withOffsets = !hasRuns || containers.length >= 4;
  let offset = Buffer.concat([...head, ...keys]).length + (withOffsets ? containers.length * 4 : 0);
  const offsets = bodies.map((body) => {
    const bytes = uint32(offset);
    offset += body.length;
    return bytes;
  });
  return Buffer.concat([...head, ...keys, ...(withOffsets ? offsets : []), ...bodies]);
}

function containerBytes(numbers: readonly number[], kind: ContainerKind): Buffer {
  if (kind === "array") return Buffer.concat(numbers.map(uint16));
  if (kind === "bits") {
    const bits = Buffer.alloc(BITMAP_BYTES);
    for (const number of numbers)
      bits[number >> 3] = (bits[number >> 3] as number) | (1 << (number & 7));
    return bits;
  }
  const runs: { start: number; length: number }[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === last.start + last.length) last.length += 1;
    else runs.push({ start: number, length: 1 });
  }
  return Buffer.concat([
    uint16(runs.length),
    ...runs.flatMap(({ start, length }) => [uint16(start), uint16(length - 1)]),
  ]);
}

function groupsOf(
  numbers: readonly number[],
  size: number,
): { readonly key: number; readonly members: number[] }[] {
  const groups = new Map<number, number[]>();
  for (const number of numbers) {
    const key = Math.floor(number / size);
    const members = groups.get(key) ?? [];
    members.push(number % size);
    groups.set(key, members);
  }
  return [...groups].map(([key, members]) => ({ key, members }));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
