// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSpool, type Spool, type SpooledRecord, ZerobusError } from "@sluice/client";
import { ScriptedServer } from "@sluice/testkit";
import { hasCode } from "../integration/helpers.ts";
import { openProducer } from "../integration/producer-helpers.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";

test("is down when its spool has failed, however well its lanes are", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const real = await openSpool({ directory, maxBytes: 128 * 1024 * 1024 });
  const failing: Spool = {
    get firstSequence() {
      return real.firstSequence;
    },
    get nextSequence() {
      return real.nextSequence;
    },
    get depth() {
      return real.depth;
    },
    append: (record, slot) => real.append(record, slot),
    // oxlint-disable-next-line require-yield
    async *read(): AsyncGenerator<SpooledRecord, void, void> {
      if (real.depth.records > 0) throw new ZerobusError("data_loss", "the disk is gone");
    },
    trim: (sequence) => real.trim(sequence),
    close: () => real.close(),
  };
  await using server = await ScriptedServer.start();
  const producer = await openProducer(server, { spool: failing });
  assert.equal(producer.health().status, "healthy");
  const ticket = await producer.submit({ id: 1 });
  await assert.rejects(ticket.ack(), hasCode("data_loss"));
  const { status, reason, lanes } = producer.health();
  assert.equal(lanes[0]?.state, "running");
  assert.equal(status, "down");
  assert.match(reason ?? "", /the spool has failed: the disk is gone/);
  await producer.close({ deadlineMs: 0 });
  await real.close();
});
