// SPDX-License-Identifier: Apache-2.0
import { writeSync } from "node:fs";
import { Producer } from "@sluice/client";
import { CHAOS_TABLE, jsonOf, keyOf } from "../../src/chaos/chaos-record.ts";

/** What the application is told, as JSON on its command line. */
export interface ApplicationOptions {
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly spool: string;
  /** The first id to submit. */
  readonly from: number;
  /** Submits nothing: delivers what is left, and ends. */
  readonly drains: boolean;
}

/*
 * Submits records through a spool until it is killed. Says `accepted ID` on standard output after the `submit` of a
 * record has resolved.
 */
const { endpoint, clientId, clientSecret, spool, from, drains } = JSON.parse(
  process.argv[2] ?? "{}",
) as ApplicationOptions;
const producer = await Producer.open<number>({
  endpoint,
  unityCatalogUrl: endpoint,
  table: CHAOS_TABLE,
  auth: { clientId, clientSecret },
  encoder: { format: "json", encode: jsonOf },
  lanes: { min: 2, key: keyOf },
  spool: { directory: spool, maxBytes: 128 * 1024 * 1024 },
  onInvalidRecord: "skip",
  openTimeoutMs: 0,
});
writeSync(1, "open\n");
if (drains) {
  await producer.flush();
  await producer.close();
} else {
  for (let id = from; ; ) {
    const submissions = Array.from({ length: 50 }, async (_, index) => {
      await producer.submit(id + index);
      writeSync(1, `accepted ${id + index}\n`);
    });
    await Promise.all(submissions);
    id += submissions.length;
  }
}
