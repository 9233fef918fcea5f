// SPDX-License-Identifier: Apache-2.0
import { IN_RECORD, type ValueTree } from "./value-tree.ts";

/** Entries that are compared one by one; a map with more is looked up by key. */
const MAX_SCANNED_ENTRIES = 16;

/** Finds the entries of maps by their keys, in time that does not grow with the map. */
export class MapKeys {
  readonly #tree: ValueTree;
  readonly #links = new Map<number, Map<string, number>>();

  constructor(tree: ValueTree) {
    this.#tree = tree;
  }

  reset(): void {
    if (this.#links.size > 0) this.#links.clear();
  }

  /**
   * The link of the entry of `map` with this key, or 0.
   * @param isBytes whether keys are texts rather than scalars
   */
  find(map: number, key: number, isBytes: boolean, record: Uint8Array): number {
    const { cells } = this.#tree;
    if ((cells[map] as number) > MAX_SCANNED_ENTRIES) {
      return this.#linksOf(map, isBytes, record).get(this.#textOf(key, isBytes, record)) ?? 0;
    }
    for (let link = cells[map + 1] as number; link !== 0; link = cells[link + 2] as number) {
      if (this.#isSame(cells[link] as number, key, isBytes, record)) return link;
    }
    return 0;
  }

  /** Notes an entry that was added to a map. */
  added(map: number, link: number, isBytes: boolean, record: Uint8Array): void {
    const links = this.#links.get(map);
    links?.set(this.#textOf(this.#tree.cells[link] as number, isBytes, record), link);
  }

  #linksOf(map: number, isBytes: boolean, record: Uint8Array): Map<string, number> {
    const known = this.#links.get(map);
    if (known !== undefined) return known;
    const { cells } = this.#tree;
    const links = new Map<string, number>();
    for (let link = cells[map + 1] as number; link !== 0; link = cells[link + 2] as number) {
      links.set(this.#textOf(cells[link] as number, isBytes, record), link);
    }
    this.#links.set(map, links);
    return links;
  }

  #textOf(key: number, isBytes: boolean, record: Uint8Array): string {
    const { cells } = this.#tree;
    if (!isBytes) return `${cells[key]},${cells[key + 1]}`;
    const bytes = this.#bytesOf(key, record);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }

  #bytesOf(key: number, record: Uint8Array): Uint8Array {
    const { cells, bytes } = this.#tree;
    const source = cells[key + 2] === IN_RECORD ? record : bytes;
    return source.subarray(cells[key], cells[key + 1]);
  }

  #isSame(left: number, right: number, isBytes: boolean, record: Uint8Array): boolean {
    const { cells } = this.#tree;
    if (!isBytes) {
      return cells[left] === cells[right] && cells[left + 1] === cells[right + 1];
    }
    return Buffer.compare(this.#bytesOf(left, record), this.#bytesOf(right, record)) === 0;
  }
}
