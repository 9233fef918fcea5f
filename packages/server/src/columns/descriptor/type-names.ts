// SPDX-License-Identifier: Apache-2.0

/**
 * Finds the type that a `type_name` stands for among the types declared below one root message.
 *
 * Senders write it in three ways: fully qualified (`.package.Root.Nested`, although the package is not transmitted),
 * qualified without a package (`.Root.Nested`), and relative (`Nested`). So: after a leading dot, the part from the
 * root's name on is the path; a relative name is looked up in the scope it stands in and then outward, as protobuf
 * does; what remains is matched by the end of its path when that is unambiguous.
 *
 * @param typeName as written in the field
 * @param scope path of the message that has the field, e.g. `Root.Nested`
 * @param rootName name of the root message
 * @param paths paths of the declared types, each beginning with the root's name
 * @returns the path, or `undefined` when there is none or more than one
 */
export function resolveTypeName(
  typeName: string,
  scope: string,
  rootName: string,
  paths: ReadonlySet<string>,
): string | undefined {
  const isAbsolute = typeName.startsWith(".");
  const parts = (isAbsolute ? typeName.slice(1) : typeName).split(".");
  if (parts.includes("")) return undefined;
  if (!isAbsolute) {
    const found = resolveOutward(parts.join("."), scope, paths);
    if (found !== undefined) return found;
  }
  return resolveFromRoot(parts, rootName, paths) ?? resolveBySuffix(parts, paths);
}

function resolveOutward(
  name: string,
  scope: string,
  paths: ReadonlySet<string>,
): string | undefined {
  for (let prefix = scope; prefix !== ""; prefix = prefix.slice(0, prefix.lastIndexOf("."))) {
    const path = `${prefix}.${name}`;
    if (paths.has(path)) return path;
    if (!prefix.includes(".")) break;
  }
  return paths.has(name) ? name : undefined;
}

function resolveFromRoot(
  parts: readonly string[],
  rootName: string,
  paths: ReadonlySet<string>,
): string | undefined {
  for (let index = 0; index < parts.length; index++) {
    if (parts[index] !== rootName) continue;
    const path = parts.slice(index).join(".");
    if (paths.has(path)) return path;
  }
  return undefined;
}

function resolveBySuffix(parts: readonly string[], paths: ReadonlySet<string>): string | undefined {
  // The well-known types are never transmitted; a nested type of the same short name is another type.
  if (parts[0] === "google" && parts[1] === "protobuf") return undefined;
  for (let index = 0; index < parts.length; index++) {
    const suffix = `.${parts.slice(index).join(".")}`;
    const matches = [...paths].filter((path) => path.endsWith(suffix));
    if (matches.length > 0) return matches.length === 1 ? matches[0] : undefined;
  }
  return undefined;
}
