// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import { describeError } from "../../../src/observe/describe-error.ts";
import { logEvents } from "../../../src/observe/log-events.ts";
import type { LogFields, Logger } from "../../../src/observe/logger.ts";
import { makeRedactor } from "../../../src/observe/redactor.ts";
import type { ProducerEvent, SchemaDriftEvent } from "../../../src/producer/producer-event.ts";
import {
  callbackFailed,
  errorWith,
  healthEvent,
  LANE_COUNT,
  laneEvent,
  ORIGIN,
  recordInvalid,
  THROTTLED,
} from "./samples.ts";

interface Line {
  readonly level: string;
  readonly fields: LogFields;
  readonly message: string;
}

function memoryLogger(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void lines.push({ level, fields, message });
  const logger: Logger = {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  return { logger, lines };
}

function lineOf(event: ProducerEvent, secrets: readonly string[] = []): Line {
  const { logger, lines } = memoryLogger();
  logEvents(logger, { secrets }).event(event);
  const [line, ...others] = lines;
  assert.ok(line !== undefined);
  assert.equal(others.length, 0);
  return line;
}

test("says where, what and why of a lost stream", () => {
  const cause = new Error("socket hang up");
  const { level, fields, message } = lineOf(
    laneEvent("running", "reconnecting", errorWith("connection lost", cause)),
  );
  assert.equal(level, "warn");
  assert.equal(message, "lane changed state");
  const { cause: described, ...rest } = fields;
  assert.deepEqual(rest, {
    event: "laneStateChanged",
    ...ORIGIN,
    lane: 0,
    streamId: "stream-1",
    from: "running",
    to: "reconnecting",
    attempt: 3,
    category: "connection",
    code: "unavailable",
  });
  const { message: text, cause: inner } = described as {
    readonly message: string;
    readonly cause: { readonly message: string };
  };
  assert.equal(text, "connection lost");
  assert.equal(inner.message, "socket hang up");
});

test("says what became of the table and of a full spool", () => {
  const difference = {
    kind: "removed",
    column: "a",
    mine: "string",
    theirs: undefined,
    severity: "breaking",
    consequence: "records are refused",
  } as const;
  const schema = { name: "t", columns: [] } as unknown as SchemaDriftEvent["schema"];
  const drift = { kind: "schemaDrift", ...ORIGIN, schema } as const;
  assert.equal(lineOf({ ...drift, differences: [difference] }).level, "error");
  assert.equal(
    lineOf({ ...drift, differences: [{ ...difference, severity: "warning" }] }).level,
    "warn",
  );
  assert.equal(lineOf({ ...drift, differences: [] }).level, "info");
  const error = errorWith("no catalog with s3cret");
  const failed = lineOf({ kind: "schemaCheckFailed", ...ORIGIN, error }, ["s3cret"]);
  assert.equal(failed.level, "warn");
  assert.ok(!JSON.stringify(failed).includes("s3cret"));
  const dropped = lineOf({ kind: "spoolDropped", ...ORIGIN, recordCount: 3 });
  assert.equal(dropped.level, "error");
  assert.equal(dropped.fields["recordCount"], 3);
});

test("gives each kind of event its level", () => {
  const levels: [ProducerEvent, string][] = [
    [laneEvent("idle", "opening"), "debug"],
    [laneEvent("opening", "running"), "info"],
    [laneEvent("running", "isolating"), "warn"],
    [laneEvent("opening", "failed", errorWith("no")), "error"],
    [recordInvalid(errorWith("bad", undefined, "invalid_argument")), "warn"],
    [LANE_COUNT, "info"],
    [THROTTLED, "warn"],
    [healthEvent("healthy", false), "info"],
    [healthEvent("degraded", true), "warn"],
    [healthEvent("down", true), "error"],
    [healthEvent("down", false), "info"],
    [callbackFailed(new Error("boom")), "error"],
  ];
  for (const [event, level] of levels) assert.equal(lineOf(event).level, level, event.kind);
});

test("tells of ends that lost something, and of flushes that failed", () => {
  const { logger, lines } = memoryLogger();
  const observer = logEvents(logger);
  observer.flushed?.(5, undefined);
  observer.flushed?.(5, errorWith("too late", undefined, "deadline_exceeded"));
  observer.closed?.(10, 0);
  observer.closed?.(10, 3);
  observer.resent(0);
  observer.resent(7);
  observer.tokenRefreshed();
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields["event"]]),
    [
      ["warn", "flushFailed"],
      ["info", "producerClosed"],
      ["error", "producerClosed"],
      ["info", "resent"],
      ["info", "tokenRefreshed"],
    ],
  );
});

const SECRET = 'dose/1+2=3 s3cr&t"ü';
const LEAKS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) =>
    `Client error (401): {"error":"invalid_client","client_secret":${JSON.stringify(secret)}}`,
  (secret) => `grant_type=client_credentials&client_secret=${encodeURIComponent(secret)}&scope=all`,
  (secret) => new URLSearchParams({ other: secret }).toString(),
  (secret) => `sent ${Buffer.from(secret).toString("base64")}`,
  (secret) => `sent ${Buffer.from(secret).toString("base64url")}`,
  (secret) => `${"padding ".repeat(600)}${secret}`,
  (secret) => `${"padding ".repeat(508)}${secret}${"padding ".repeat(20)}`,
];

/** Every form of a secret that somebody could turn back into it. */
function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([["", secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replaceAll("=", ""),
    Buffer.from(secret).toString("base64url"),
  ];
}

function assertSilent(line: Line, secret: string): void {
  const texts: string[] = [line.message];
  const visit = (value: unknown): void => {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "object" && value !== null) {
      texts.push(...Object.keys(value));
      Object.values(value).forEach(visit);
    }
  };
  visit(line.fields);
  for (const text of texts) {
    for (const form of formsOf(secret)) assert.ok(!text.includes(form), text);
  }
}

test("keeps a known secret out of every line, however it is written and wherever it is", () => {
  for (const leak of LEAKS) {
    const text = leak(SECRET);
    const inside = errorWith("fine", new AggregateError([new Error(text)], text, { cause: text }));
    const named = new Error("fine");
    named.name = text;
    named.stack = `Error: ${text}\n    at somewhere`;
    const events: ProducerEvent[] = [
      laneEvent("running", "failed", errorWith(text)),
      laneEvent("running", "failed", inside),
      laneEvent("running", "failed", errorWith("fine", named)),
      { ...laneEvent("running", "failed"), streamId: text },
      recordInvalid(errorWith(text, errorWith(text, errorWith(text)))),
      healthEvent("down", true, text),
      callbackFailed(text),
      callbackFailed(Object.assign(new Error("fine"), { code: text })),
      callbackFailed(
        Object.assign(new Error("fine"), { config: { headers: { authorization: text } } }),
      ),
      callbackFailed({ authorization: text, toJSON: () => text, toString: () => text }),
      { ...THROTTLED, report: { ...THROTTLED.report, advice: text } },
      { ...LANE_COUNT, endpoint: text },
    ];
    for (const event of events) assertSilent(lineOf(event, [SECRET]), SECRET);
  }
});

test("keeps secrets that nobody named out of lines by how they look", () => {
  const token = "dapi0123456789abcdef";
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";
  const texts = [
    `refused: Authorization: Bearer ${token}`,
    `{"headers":{"authorization":"Bearer ${token}"}}`,
    `[["authorization","Bearer ${token}"]]`,
    `headers: authorization = ${token}`,
    `Cookie: session=${token}; other=${token}`,
    `x-api-key: ${token}`,
    `bearer ${token} expired`,
    `Proxy-Authorization: Basic ${token}`,
    `{"access_token":"${token}","expires_in":3600}`,
    String.raw`{\"refresh_token\":\"${token}\"}`,
    `{'password': 'x ${token}'}`,
    `client_secret=${token}&x=1`,
    `apiKey: ${token}`,
    `GET https://user:${token}@host.example/path failed`,
    `GET https://${token}@host.example/path failed`,
    `GET https://user:p@ss/${token}@host.example/ failed`,
    `GET https://host.example/path?sig=${token} failed`,
    `GET https://host.example/path?q=1&other=${token}#frag failed`,
    `GET https://host.example/path#${token} failed`,
    `proxy user:${token}@proxy.example:3128 refused`,
  ];
  for (const text of texts) {
    assertSilent(lineOf(laneEvent("running", "failed", errorWith(text, new Error(text)))), token);
  }
  const line = lineOf(callbackFailed(new Error(`got ${jwt} from the service`)));
  assert.ok(!JSON.stringify(line).includes("eyJ"));
});

test("leaves what explains a failure readable", () => {
  const redact = makeRedactor(["hush"]);
  for (const plain of [
    "Stream is closed: code: 'UNAVAILABLE', message: \"no healthy upstream\"",
    "connect ECONNREFUSED 127.0.0.1:50051",
    "POST https://workspace.example/oidc/v1/token answered 503",
    "column main.default.readings.celsius is not in the table",
    "record of offset 17: field id: expected LONG",
  ]) {
    assert.equal(redact(plain), plain);
  }
  assert.equal(redact("https://me:pw@host.example/a/b?c=d"), "https://host.example/a/b?[redacted]");
});

test("redacts any secret from any text around it", () => {
  fc.assert(
    fc.property(
      fc
        .string({ minLength: 6, unit: "grapheme" })
        .filter((secret) => !"[redacted]".includes(secret)),
      fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }),
      (secret, parts) => {
        const text = makeRedactor([secret])(parts.join(secret));
        assert.ok(parts.length < 2 || !text.includes(secret), JSON.stringify(text));
      },
    ),
  );
});

test("redacts hostile texts without looking at them over and over", () => {
  const redact = makeRedactor([]);
  const units = [
    "eyJ-",
    "token",
    "a:",
    "https://",
    'secret="\\',
    "bearer ",
    "x@",
    "authorization",
    '\\"',
    "a.b:c@",
  ];
  for (const unit of units) {
    // Work that grows with the cube of the length, or with that of the whole text, would not come to an end.
    assert.ok(redact(unit.repeat(1_000_000 / unit.length)).length < 100_000);
    assert.ok(redact(`${unit.repeat(4_000 / unit.length)} end`).length > 0);
  }
});

test("describes errors that bite", () => {
  const redact = makeRedactor([]);
  const circular = new Error("one");
  circular.cause = new Error("two", { cause: circular });
  let depth = 0;
  let at = describeError(circular, redact).cause;
  for (; at !== undefined; at = at.cause) depth++;
  assert.equal(depth, 5);
  const biting = new Error("x");
  Object.defineProperty(biting, "message", {
    get: () => {
      throw new Error("no");
    },
  });
  assert.equal(describeError(biting, redact).name, "unknown");
  for (const thrown of [undefined, null, 7, 7n, Symbol("s"), {}, Object.create(null)]) {
    assert.match(describeError(thrown, redact).message, /thrown/);
  }
  const own = new ZerobusError("unauthenticated", "no", { details: { httpStatus: 401 } });
  assert.deepEqual(describeError(own, redact), {
    name: "ZerobusError",
    message: "no",
    code: "unauthenticated",
    retryable: own.retryable,
    effect: "none",
    httpStatus: 401,
  });
});
