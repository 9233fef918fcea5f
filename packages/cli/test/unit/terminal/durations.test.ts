// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, parseDuration, parseMoment } from "../../../src/terminal/durations.ts";

test("reads spans of time", () => {
  assert.equal(parseDuration("7d"), 604_800_000);
  assert.equal(parseDuration("0h"), 0);
  assert.equal(parseDuration("90 m"), 5_400_000);
  assert.equal(parseDuration("2W"), 1_209_600_000);
  assert.equal(parseDuration("250ms"), 250);
  for (const wrong of ["", "7", "d", "-1d", "1.5h", "7 days", "1y"]) {
    assert.equal(parseDuration(wrong), undefined, wrong);
  }
});

test("shows spans of time in the largest unit that has them whole", () => {
  assert.equal(durationText(604_800_000), "7 days");
  assert.equal(durationText(129_600_000), "36 hours");
  assert.equal(durationText(60_000), "1 minute");
  assert.equal(durationText(1), "1 millisecond");
  assert.equal(durationText(0), "0 days");
});

test("reads moments, in UTC where no zone is given", () => {
  const expected = Date.UTC(2024, 0, 31, 10, 20, 30);
  assert.equal(parseMoment("2024-01-31T10:20:30Z"), expected);
  assert.equal(parseMoment("2024-01-31 10:20:30"), expected);
  assert.equal(parseMoment("2024-01-31T12:20:30+02:00"), expected);
  assert.equal(parseMoment("2024-01-31T12:20:30+0200"), expected);
  assert.equal(parseMoment("2024-01-31T10:20:30.123456Z"), expected + 123);
  assert.equal(parseMoment("2024-01-31T10:20"), expected - 30_000);
  assert.equal(parseMoment("2024-02-29"), Date.UTC(2024, 1, 29));
});

test("takes no day or time that there is not", () => {
  for (const wrong of ["2023-02-29", "2024-13-01", "2024-01-31T25:00Z", "31.1.2024", "", "now"]) {
    assert.equal(parseMoment(wrong), undefined, wrong);
  }
});
