// SPDX-License-Identifier: Apache-2.0

/** Most characters of a type's path, and of a `type_name`. */
export const MAX_NAME_LENGTH = 512;
/** Most parts, between dots, of a type's path and of a `type_name`. */
export const MAX_NAME_PARTS = 64;

/** What stands at the end of more than one path. */
const AMBIGUOUS = "";

/**
 * Finds the types that the `type_name`s of one descriptor stand for, among the types declared below its root message.
 *
 * Senders write a `type_name` in three ways: fully qualified (`.package.Root.Nested`, although the package is not
 * transmitted), qualified without a package (`.Root.Nested`), and relative (`Nested`). So: after a leading dot, the part
 * from the root's name on is the path; a relative name is looked up in the scope it stands in and then outward, as
 * protobuf does; what remains is matched by the end of its path when that is unambiguous.
 *
 * Adding a path and resolving a name take steps by the parts of the path or name, not by the number of paths.
 */
export class TypeNames {
  readonly #rootName: string;
  readonly #paths = new Set<string>();
  /**
   * A tree of the ends of all paths, read from the last part backward: the key is the number of a node and a part, the
   * value the number of the node that the part leads to. Node 0 is the empty end.
   */
  readonly #nodes = new Map<string, number>();
  /** By node, the path that alone has this end, or {@link AMBIGUOUS}. */
  readonly #pathsByEnd: string[] = [AMBIGUOUS];
  #partCount = 0;

  constructor(rootName: string) {
    this.#rootName = rootName;
  }

  get count(): number {
    return this.#paths.size;
  }

  /** The parts of all paths: what the names take, in memory and time. */
  get partCount(): number {
    return this.#partCount;
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /**
   * Adds a declared type.
   * @param path begins with the root's name; see {@link MAX_NAME_LENGTH} and {@link MAX_NAME_PARTS}, which the caller
   * holds it to
   */
  add(path: string): void {
    if (this.#paths.has(path)) return;
    this.#paths.add(path);
    const parts = path.split(".");
    this.#partCount += parts.length;
    let node = 0;
    // The first part is left out: a whole path is not the end of one.
    for (let index = parts.length - 1; index > 0; index--) {
      const key = `${node}.${parts[index]}`;
      const known = this.#nodes.get(key);
      if (known === undefined) {
        node = this.#pathsByEnd.push(path) - 1;
        this.#nodes.set(key, node);
      } else {
        node = known;
        this.#pathsByEnd[node] = AMBIGUOUS;
      }
    }
  }

  /**
   * @param typeName as written in the field
   * @param scope path of the message that has the field, e.g. `Root.Nested`
   * @returns the path, or `undefined` when there is none or more than one
   */
  resolve(typeName: string, scope: string): string | undefined {
    if (typeName.length > MAX_NAME_LENGTH) return undefined;
    const isAbsolute = typeName.startsWith(".");
    const parts = (isAbsolute ? typeName.slice(1) : typeName).split(".");
    if (parts.length > MAX_NAME_PARTS || parts.includes("")) return undefined;
    if (!isAbsolute) {
      const found = this.#resolveOutward(typeName, scope);
      if (found !== undefined) return found;
    }
    return this.#resolveFromRoot(parts) ?? this.#resolveByEnd(parts);
  }

  #resolveOutward(name: string, scope: string): string | undefined {
    for (let prefix = scope; prefix !== ""; prefix = prefix.slice(0, prefix.lastIndexOf("."))) {
      const path = `${prefix}.${name}`;
      if (this.#paths.has(path)) return path;
      if (!prefix.includes(".")) break;
    }
    return this.#paths.has(name) ? name : undefined;
  }

  #resolveFromRoot(parts: readonly string[]): string | undefined {
    for (let index = 0; index < parts.length; index++) {
      if (parts[index] !== this.#rootName) continue;
      const path = parts.slice(index).join(".");
      if (this.#paths.has(path)) return path;
    }
    return undefined;
  }

  /** Takes the longest end of the name that any path has. */
  #resolveByEnd(parts: readonly string[]): string | undefined {
    // The well-known types are never transmitted; a nested type of the same short name is another type.
    if (parts[0] === "google" && parts[1] === "protobuf") return undefined;
    let node = 0;
    for (let index = parts.length - 1; index >= 0; index--) {
      const next = this.#nodes.get(`${node}.${parts[index]}`);
      if (next === undefined) break;
      node = next;
    }
    const path = this.#pathsByEnd[node];
    return path === AMBIGUOUS ? undefined : path;
  }
}
