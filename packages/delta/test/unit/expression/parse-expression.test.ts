// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { parseExpression } from "../../../src/expression/parse-expression.ts";
import type { Expression } from "../../../src/expression/syntax.ts";

/** An expression with parentheses everywhere, without positions. */
function shown(expression: Expression): string {
  switch (expression.kind) {
    case "literal": {
      const { type, value } = expression;
      const text = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
      return `${type}:${text}`;
    }
    case "column":
      return expression.path.join("/");
    case "and":
    case "or":
      return `(${expression.operands.map(shown).join(` ${expression.kind} `)})`;
    case "not":
    case "negate":
    case "isNull":
      return `${expression.kind}(${shown(expression.operand)})`;
    case "isTruth":
      return `is ${expression.truth}(${shown(expression.operand)})`;
    case "comparison":
    case "arithmetic":
      return `(${shown(expression.left)} ${expression.operator} ${shown(expression.right)})`;
    case "in":
      return `in(${[expression.operand, ...expression.items].map(shown).join(", ")})`;
    case "between":
      return `between(${[expression.operand, expression.lower, expression.upper].map(shown).join(", ")})`;
    case "like":
      return `like(${shown(expression.operand)}, ${shown(expression.pattern)}, ${expression.escape})`;
    case "call":
      return `${expression.name}(${expression.operands.map(shown).join(", ")})`;
    case "cast":
      return `cast(${shown(expression.operand)}, ${expression.target})`;
  }
}

function parsed(sql: string): string {
  return shown(parseExpression(sql));
}

function refusal(sql: string): readonly [code: string, message: string, position: unknown] {
  try {
    parseExpression(sql);
  } catch (error) {
    assert.ok(error instanceof DeltaError, String(error));
    return [error.code, error.message, error.details["position"]];
  }
  assert.fail(`${sql} was read`);
}

describe("parseExpression", () => {
  it("binds operators as Spark does", () => {
    assert.equal(parsed("a OR b AND NOT c = 1"), "(a or (b and not((c = integer:1))))");
    assert.equal(
      parsed("1 + 2 * -x % 3 - 4"),
      "((integer:1 + ((integer:2 * negate(x)) % integer:3)) - integer:4)",
    );
    assert.equal(parsed("(a or b) and c"), "((a or b) and c)");
    assert.equal(parsed("a = b IS NULL"), "isNull((a = b))");
    assert.equal(parsed("a < b = true"), "((a < b) = boolean:true)");
    assert.equal(parsed("! a == b"), "not((a = b))");
    assert.equal(parsed("a between 1 and 2 and b"), "(between(a, integer:1, integer:2) and b)");
    assert.equal(parsed("a AND b AND c"), "(a and b and c)");
  });

  it("reads every predicate, and its negation", () => {
    assert.equal(parsed("a <> 1"), "not((a = integer:1))");
    assert.equal(parsed("a != 1"), "not((a = integer:1))");
    assert.equal(parsed("a <=> null"), "(a <=> void:null)");
    assert.equal(parsed("a is distinct from b"), "not((a <=> b))");
    assert.equal(parsed("a is not distinct from b"), "not(not((a <=> b)))");
    assert.equal(parsed("a is not null"), "not(isNull(a))");
    assert.equal(parsed("a is unknown"), "isNull(a)");
    assert.equal(parsed("a is not false"), "not(is false(a))");
    assert.equal(parsed("a not in (1, 'x')"), "not(in(a, integer:1, string:x))");
    assert.equal(parsed("a not between b and c + 1"), "not(between(a, b, (c + integer:1)))");
    assert.equal(parsed("a not like 'x%'"), "not(like(a, string:x%, \\))");
    assert.equal(parsed("a like 'x' escape '#'"), "like(a, string:x, #)");
    assert.equal(parsed("Coalesce(a, length(b))"), "COALESCE(a, LENGTH(b))");
    assert.equal(parsed("cast(a as decimal(10, 2))"), "cast(a, decimal(10,2))");
    assert.equal(parsed("cast(a as int)"), "cast(a, integer)");
  });

  it("types numbers as Spark does", () => {
    const types: readonly (readonly [string, string])[] = [
      ["1", "integer:1"],
      ["-2147483648", "integer:-2147483648"],
      ["2147483648", "long:2147483648"],
      ["-9223372036854775808", "long:-9223372036854775808"],
      ["9223372036854775808", "decimal(19,0):9223372036854775808"],
      ["1.50", "decimal(3,2):150"],
      [".05", "decimal(2,2):5"],
      ["5.", "decimal(1,0):5"],
      ["1e3", "double:1000"],
      ["1.5E-1", "double:0.15"],
      ["1Y", "byte:1"],
      ["1s", "short:1"],
      ["1L", "long:1"],
      ["0.1F", "float:0.10000000149011612"],
      ["1D", "double:1"],
      ["1.5BD", "decimal(2,1):15"],
      ["1e2bd", "decimal(3,0):100"],
    ];
    for (const [sql, expected] of types) assert.equal(parsed(sql), expected);
  });

  it("reads texts, bytes, days and times", () => {
    assert.equal(
      parsed(String.raw`'a\'b\n\u00e9\U0001F600\101\%\q'`),
      "string:a'b\né\u{1f600}A\\%q",
    );
    assert.equal(parsed(`"it's"`), "string:it's");
    assert.equal(parsed(String.raw`r'a\n'`), String.raw`string:a\n`);
    assert.equal(parsed("'a' 'b'"), "string:ab");
    assert.equal(parsed("x'0aFF'"), "binary:0aff");
    assert.equal(parsed("DATE '2024-02-29'"), "date:19782");
    assert.equal(parsed("timestamp '1970-01-01 00:00:01.5'"), "timestamp:1500000");
    assert.equal(parsed("TIMESTAMP '1970-01-01T02:00:00+02:00'"), "timestamp:0");
    assert.equal(parsed("TIMESTAMP_NTZ '1970-01-02'"), "timestamp_ntz:86400000000");
  });

  it("reads names in backquotes and words that are names here", () => {
    assert.equal(parsed("`a``b`.c.`d.e`"), "a`b/c/d.e");
    assert.equal(parsed("date > timestamp"), "(date > timestamp)");
    assert.equal(parsed("größe_1"), "größe_1");
    assert.equal(parsed("`and`"), "and");
  });

  it("says what was expected, and where", () => {
    const cases: readonly (readonly [string, RegExp, number])[] = [
      ["", /expected a value, found the end of the text/, 0],
      ["a =", /expected a value, found the end of the text/, 3],
      ["a b", /expected an operator or the end, found "b"/, 2],
      ["(a", /expected "\)"/, 2],
      ["a in (1", /expected "\)"/, 7],
      ["a is 1", /expected NULL, TRUE/, 5],
      ["a not 1", /expected IN, BETWEEN or LIKE/, 6],
      ["a between 1 or 2", /expected AND/, 12],
      ["a = and", /expected a value, found "and"/, 4],
      ["a like 'x' escape 'yz'", /one character in quotes/, 18],
      ["a = 'x", /the quote ' is not closed/, 4],
      ["a.1 = 2", /expected/, 1],
      ["1a", /"1" is not expected/, 0],
      ["DATE '2024-02-30'", /is no value of its type/, 0],
      ["X'0g'", /is no value of its type/, 0],
      ["128Y", /128Y is out of range/, 0],
      ["1e999", /out of range/, 0],
      ["1.000000000000000000000000000000000000000", /more than 38 digits/, 0],
      ["cast(a as nothing)", /"nothing" is no type/, 10],
      [`${"(".repeat(300)}1`, /more than 200 operators or parentheses are nested/, 200],
      [`1${" + 1".repeat(300)}`, /more than 200/, 798],
    ];
    for (const [sql, message, position] of cases) {
      const [code, text, at] = refusal(sql);
      assert.equal(code, "invalid_argument", sql);
      assert.match(text, message);
      assert.equal(at, position, `${sql}: ${text}`);
    }
  });

  it("names what is SQL and not supported", () => {
    const cases: readonly (readonly [string, RegExp, number])[] = [
      ["CASE WHEN a THEN b END", /uses CASE at position 0/, 0],
      ["a || b", /the operator \|\| at position 2/, 2],
      ["a & 1", /the operator & /, 2],
      ["a div 2", /the operator DIV/, 2],
      ["a rlike 'x'", /the operator RLIKE/, 2],
      ["a ilike 'x'", /the operator ILIKE/, 2],
      ["a::int", /the operator ::/, 1],
      ["a[0]", /the operator \[/, 1],
      ["a = INTERVAL '1' DAY", /INTERVAL/, 4],
      ["EXISTS (SELECT 1)", /EXISTS/, 0],
      ["a in (select 1)", /a subquery/, 6],
      ["count(*)", /an aggregate/, 6],
      ["a like any ('x')", /LIKE ANY/, 7],
      ["a -- b", /a comment/, 2],
      ["/* a */ b", /a comment/, 0],
      ["'it''s' = a", /a doubled quote in a text/, 0],
      ["cast(a as array<int>)", /CAST to ARRAY/, 10],
      ["cast(a as varchar(3))", /CAST to VARCHAR\(3\)/, 10],
    ];
    for (const [sql, message, position] of cases) {
      const [code, text, at] = refusal(sql);
      assert.equal(code, "unsupported", `${sql}: ${text}`);
      assert.match(text, message);
      assert.equal(at, position, sql);
    }
  });

  it("takes a chain of thousands of conditions", () => {
    const chain = Array.from({ length: 5000 }, (_, index) => `a = ${index}`).join(" OR ");
    const expression = parseExpression(chain);
    assert.ok(expression.kind === "or" && expression.operands.length === 5000);
  });

  it("throws nothing but a DeltaError with a position, whatever the text", () => {
    const fragments = fc.constantFrom(
      ..."a . ( ) , ' \" ` = <=> < - + * / % ! 1 1.5e 'x' \\ and or not in is null like between cast as int date x".split(
        " ",
      ),
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.array(fragments, { maxLength: 15 }).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          assert.ok(error instanceof DeltaError, String(error));
          const { position } = error.details;
          assert.ok(typeof position === "number" && position >= 0 && position <= text.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
