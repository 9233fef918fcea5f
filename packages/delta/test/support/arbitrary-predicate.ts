// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { decimalOf, decimalText } from "../../src/schema/decimal.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import type { DataType, StructType } from "../../src/schema/types.ts";
import type { RowValues } from "../../src/expression/row-predicate.ts";
import type { ColumnValues, Value } from "../integration/parquet/support/blocks.ts";

/** Columns of every type without parts, most of them twice so that they can be compared. */
export const PREDICATE_SCHEMA: StructType = parseColumnList(
  `b TINYINT, h SMALLINT, i INT, j INT NOT NULL, l BIGINT, m BIGINT NOT NULL, f FLOAT, d DOUBLE, e DOUBLE,
   p DECIMAL(5,2), q DECIMAL(15,3), r DECIMAL(30,2), s STRING, t STRING NOT NULL, x BINARY, y DATE, z TIMESTAMP,
   n TIMESTAMP_NTZ, o BOOLEAN`,
);

/** Rows of {@link PREDICATE_SCHEMA} by column, in the form that blocks are filled from. */
export function arbitraryColumns(maxRows: number): fc.Arbitrary<ColumnValues> {
  return fc.integer({ min: 1, max: maxRows }).chain((rowCount) =>
    fc.tuple(
      ...PREDICATE_SCHEMA.fields.map(({ type, nullable }) => {
        const present = valueOf(type);
        const values = nullable ? fc.option(present, { freq: 4, nil: null }) : present;
        const column = fc.array(values, { minLength: rowCount, maxLength: rowCount });
        // Of many values alike statistics say more.
        const constant = values.map((value) => Array.from({ length: rowCount }, () => value));
        return fc.oneof({ weight: 3, arbitrary: column }, { weight: 1, arbitrary: constant });
      }),
    ),
  );
}

/** The same rows as `DeltaTable.scan` gives them. */
export function rowsOf(columns: ColumnValues): RowValues[] {
  return (columns[0] ?? []).map((_, row) =>
    Object.fromEntries(
      PREDICATE_SCHEMA.fields.map(({ name, type }, column) => [
        name,
        rowValue(columns[column]?.[row] ?? null, type),
      ]),
    ),
  );
}

/** Conditions of the whole subset over {@link PREDICATE_SCHEMA}; some fail for some rows. */
export function arbitraryPredicate(): fc.Arbitrary<string> {
  return fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      { weight: 5, arbitrary: simpleCondition() },
      fc
        .tuple(
          fc.constantFrom("AND", "OR"),
          fc.array(tie("condition"), { minLength: 2, maxLength: 3 }),
        )
        .map(([word, parts]) => `(${parts.join(` ${word} `)})`),
      tie("condition").map((part) => `NOT (${part})`),
      fc
        .tuple(
          tie("condition"),
          fc.constantFrom("NULL", "NOT NULL", "TRUE", "NOT TRUE", "FALSE", "NOT FALSE"),
        )
        .map(([part, test]) => `(${part}) IS ${test}`),
    ),
  })).condition;
}

/** Conditions that DuckDB and Spark take for the same: no escapes, no texts for other types, nothing that fails. */
export function arbitraryPlainPredicate(): fc.Arbitrary<string> {
  const numbers = fc.constantFrom(
    "0",
    "1",
    "-1",
    "2",
    "100",
    "2147483648",
    "1.5",
    "0.10",
    "999.99",
    "1e0",
    "-2.5e0",
    "NULL",
  );
  const texts = fc.constantFrom("''", "'a'", "'ab'", "'abc'", "'é'", "NULL");
  const days = fc.constantFrom("DATE '1970-01-01'", "DATE '2024-01-01'", "NULL");
  const simple = fc.oneof(
    plainGroup(["b", "h", "i", "j", "l", "m", "f", "d", "e", "p", "q", "r"], numbers),
    plainGroup(["s", "t"], texts),
    plainGroup(["y"], days),
    plainGroup(["o"], fc.constantFrom("TRUE", "FALSE", "NULL")),
    fc
      .tuple(
        fc.constantFrom("s", "t"),
        fc.constantFrom("LIKE", "NOT LIKE"),
        fc.constantFrom("'a%'", "'%b'", "'%b%'", "'a_'", "'_'", "'%'", "'a%c'"),
      )
      .map((parts) => parts.join(" ")),
    fc
      .tuple(fc.constantFrom("s", "t"), fc.integer({ min: 0, max: 5 }))
      .map(([name, count]) => `LENGTH(${name}) <= ${count}`),
    fc
      .tuple(fc.constantFrom("+", "-", "*"), numbers)
      .map(([operator, literal]) => `CAST(h AS INT) ${operator} 3 > ${literal}`),
  );
  return fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 2, depthSize: "small" },
      { weight: 3, arbitrary: simple },
      fc
        .tuple(tie("condition"), fc.constantFrom("AND", "OR"), tie("condition"))
        .map((parts) => `(${parts.join(" ")})`),
      tie("condition").map((part) => `(NOT (${part}))`),
    ),
  })).condition;
}

function plainGroup(names: readonly string[], literal: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const column = fc.constantFrom(...names);
  const operator = fc.constantFrom(...OPERATORS);
  return fc.oneof(
    fc.tuple(column, operator, literal).map((parts) => `(${parts.join(" ")})`),
    fc.tuple(column, operator, column).map((parts) => `(${parts.join(" ")})`),
    column.map((name) => `(${name} IS NOT NULL)`),
    fc
      .tuple(column, literal, literal)
      .map(([name, lower, upper]) => `(${name} BETWEEN ${lower} AND ${upper})`),
    fc
      .tuple(
        column,
        fc.constantFrom("IN", "NOT IN"),
        fc.array(literal, { minLength: 1, maxLength: 4 }),
      )
      .map(([name, word, items]) => `(${name} ${word} (${items.join(", ")}))`),
  );
}

const TEXTS = [
  "",
  "a",
  "ab",
  "abc",
  "b",
  "é",
  "aé",
  "\u{1f600}",
  "\uffff",
  "a%",
  "a_",
  "x".repeat(40),
];
const NUMBERS = [0, 1, -1, 2, 3, 100, 127, -128];
const LONGS = [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 32n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n)];
const DOUBLES = [0, -0, 1, 0.5, -2.5, 1e300, NaN, Infinity, -Infinity, 0.1, 2 ** 53];
const MICROS = [0n, 1n, -1n, 999n, 1000n, 1_700_000_000_123_456n, 86_400_000_000n];
const DAYS = [0, 1, -1, 19_723, 20_000];

function valueOf(type: DataType): fc.Arbitrary<Value> {
  const decimal = decimalOf(type);
  if (decimal !== undefined) {
    const limit = 10n ** BigInt(decimal.precision) - 1n;
    return fc.oneof(
      fc.constantFrom(0n, 100n, -100n, 150n, 1000n, 1500n, limit, -limit),
      fc.bigInt({ min: -limit, max: limit }),
    );
  }
  switch (type) {
    case "byte":
      return fc.integer({ min: -128, max: 127 });
    case "short":
      return fc.oneof(fc.constantFrom(...NUMBERS), fc.integer({ min: -32_768, max: 32_767 }));
    case "integer":
      return fc.oneof(fc.constantFrom(...NUMBERS), fc.integer());
    case "long":
      return fc.oneof(
        fc.constantFrom(...LONGS),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      );
    case "float":
      return fc.constantFrom(...DOUBLES.map(Math.fround));
    case "double":
      return fc.oneof(fc.constantFrom(...DOUBLES), fc.double());
    case "string":
      return fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: "binary", maxLength: 5 }));
    case "binary":
      return fc.uint8Array({ maxLength: 3 });
    case "date":
      return fc.constantFrom(...DAYS);
    case "timestamp":
    case "timestamp_ntz":
      return fc.constantFrom(...MICROS);
    default:
      return fc.boolean();
  }
}

function rowValue(value: Value, type: DataType): unknown {
  if (value === null) return null;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalText(value as bigint, decimal.scale);
  return type === "date"
    ? new Date((value as number) * 86_400_000).toISOString().slice(0, 10)
    : value;
}

const OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "<=>", "=="] as const;

/** Columns whose values compare with each other, and literals that compare with them. */
const GROUPS: readonly {
  readonly columns: readonly string[];
  readonly literals: readonly string[];
}[] = [
  {
    columns: ["b", "h", "i", "j", "l", "m", "f", "d", "e", "p", "q", "r"],
    literals: [
      ..."0,1,-1,2,3,100,-128,32767,2147483647,-2147483648,2147483648,9007199254740993".split(","),
      ..."9223372036854775807,-9223372036854775808,1.5,-1.0,0.10,999.99,1000,0.5,12345678901234567890".split(
        ",",
      ),
      ..."1e0,-2.5e0,9007199254740993e0,1e300,0.1F,1D,1BD,3L,2Y,'1','-1'".split(","),
      "CAST('NaN' AS DOUBLE)",
      "CAST('Infinity' AS DOUBLE)",
      "NULL",
    ],
  },
  {
    columns: ["s", "t"],
    literals: [
      "''",
      "'a'",
      "'ab'",
      "'abc'",
      "'é'",
      "'\\U0001F600'",
      "'\\uFFFF'",
      `'${"x".repeat(40)}'`,
      "NULL",
    ],
  },
  { columns: ["x"], literals: ["X''", "X'00'", "X'FF01'", "NULL"] },
  {
    columns: ["y", "z", "n"],
    literals: [
      "'1970-01-01'",
      "DATE '2024-01-01'",
      "TIMESTAMP '2023-11-14 22:13:20.123456'",
      "TIMESTAMP '1970-01-01T00:00:00.001Z'",
      "TIMESTAMP_NTZ '1970-01-01 00:00:00'",
      "NULL",
    ],
  },
  { columns: ["o"], literals: ["TRUE", "FALSE", "NULL"] },
];

function simpleCondition(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...GROUPS).chain(groupCondition) },
    { weight: 2, arbitrary: textCondition() },
    { weight: 2, arbitrary: arithmeticCondition() },
    {
      weight: 1,
      arbitrary: fc.constantFrom("o", "TRUE", "FALSE", "NULL", "o = o", "(i > 0) = o", "NOT o"),
    },
  );
}

function groupCondition({ columns, literals }: (typeof GROUPS)[number]): fc.Arbitrary<string> {
  const column = fc.constantFrom(...columns);
  const literal = fc.constantFrom(...literals);
  const operator = fc.constantFrom(...OPERATORS);
  const not = fc.constantFrom("", "NOT ");
  return fc.oneof(
    fc.tuple(column, operator, literal).map((parts) => parts.join(" ")),
    fc.tuple(literal, operator, column).map((parts) => parts.join(" ")),
    fc.tuple(column, operator, column).map((parts) => parts.join(" ")),
    fc.tuple(column, not).map(([name, word]) => `${name} IS ${word}NULL`),
    fc
      .tuple(column, not, literal, literal)
      .map(([name, word, lower, upper]) => `${name} ${word}BETWEEN ${lower} AND ${upper}`),
    fc
      .tuple(column, not, fc.array(literal, { minLength: 1, maxLength: 12 }))
      .map(([name, word, items]) => `${name} ${word}IN (${items.join(", ")})`),
    fc
      .tuple(column, column, literal, operator, literal)
      .map(([a, b, c, relation, d]) => `COALESCE(${a}, ${b}, ${c}) ${relation} ${d}`),
  );
}

function textCondition(): fc.Arbitrary<string> {
  const column = fc.constantFrom("s", "t");
  const patterns = [
    "''",
    "'%'",
    "'a%'",
    "'%b'",
    "'%b%'",
    "'a_'",
    "'_'",
    "'a\\%'",
    "'%é'",
    "'a%c'",
    "'ab'",
    "'x%'",
  ];
  return fc.oneof(
    fc
      .tuple(column, fc.constantFrom("LIKE", "NOT LIKE"), fc.constantFrom(...patterns))
      .map((parts) => parts.join(" ")),
    fc
      .tuple(column, fc.constantFrom(...OPERATORS), fc.integer({ min: -1, max: 5 }))
      .map(([name, operator, count]) => `LENGTH(${name}) ${operator} ${count}`),
    fc
      .tuple(column, fc.integer({ min: 0, max: 3 }))
      .map(([name, n]) => `LENGTH(${name}) BETWEEN 1 AND ${n}`),
    fc.integer({ min: 0, max: 3 }).map((count) => `LENGTH(x) <= ${count}`),
    column.map((name) => `UPPER(${name}) = 'AB' OR LOWER(${name}) = 'ab'`),
    column.map((name) => `CAST(${name} AS INT) > 0`),
  );
}

function arithmeticCondition(): fc.Arbitrary<string> {
  const operand = fc.constantFrom(
    "b",
    "h",
    "i",
    "j",
    "l",
    "d",
    "p",
    "q",
    "2",
    "1.5",
    "0.5e0",
    "-i",
    "ABS(l)",
  );
  return fc
    .tuple(
      operand,
      fc.constantFrom("+", "-", "*", "/", "%"),
      operand,
      fc.constantFrom(...OPERATORS),
      fc.constantFrom("0", "1", "2.5", "1e1", "NULL"),
    )
    .map((parts) => parts.join(" "));
}
