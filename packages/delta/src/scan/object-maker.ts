// SPDX-License-Identifier: Apache-2.0

/** An object of its own for each call, with the names in their order. */
export type ObjectMaker = (values: readonly unknown[]) => Record<string, unknown>;

/** As {@link ObjectMaker}, with the values of row `row` of each column. */
export type RowMaker = (
  columns: readonly (readonly unknown[])[],
  row: number,
) => Record<string, unknown>;

/**
 * Makes objects of given names. The code is generated where that is allowed, which makes objects several times as fast
 * as setting one name after the other. `__proto__` is a name like any other.
 */
export function objectMakerOf(names: readonly string[]): ObjectMaker {
  const literal = literalOf(names, (index) => `values[${index}]`);
  return (
    (compile(["values"], literal) as ObjectMaker | undefined) ??
    ((values) => assembled(names, (index) => values[index]))
  );
}

/** See {@link objectMakerOf}. */
export function rowMakerOf(names: readonly string[]): RowMaker {
  const literal = literalOf(names, (index) => `columns[${index}][row]`);
  return (
    (compile(["columns", "row"], literal) as RowMaker | undefined) ??
    ((columns, row) => assembled(names, (index) => columns[index]?.[row]))
  );
}

function literalOf(names: readonly string[], valueOf: (index: number) => string): string {
  const fields = names.map((name, index) => {
    const text = JSON.stringify(name);
    // Not computed, this one would set the prototype.
    return `${name === "__proto__" ? `[${text}]` : text}: ${valueOf(index)}`;
  });
  return `return { ${fields.join(", ")} };`;
}

/** `undefined` where the process allows no generated code. */
function compile(parameters: readonly string[], body: string): unknown {
  try {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names are in it as JSON text only
    return new Function(...parameters, body);
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

function assembled(
  names: readonly string[],
  valueOf: (index: number) => unknown,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    Object.defineProperty(object, name, {
      value: valueOf(index),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}
