// SPDX-License-Identifier: Apache-2.0
import type { Producer } from "@sluice/client";
import type { AckStrategy } from "./option-names.ts";
import type { EncodedRecord } from "./record-encoding.ts";
import type { SentRecords } from "./sent-records.ts";

/** Hands records to the producer; resolves when the next ones may come. Rejects with why they cannot be sent. */
export type Delivery = (records: readonly EncodedRecord[]) => Promise<void>;

/** Records between two flushes. */
const FLUSH_RECORDS = 10_000;

export function makeDelivery(
  producer: Producer<EncodedRecord>,
  sent: SentRecords,
  ack: AckStrategy,
): Delivery {
  let unflushedCount = 0;
  return async (records) => {
    const settled = await sent.submit(producer, records);
    // Refusals are reported one by one; a lane that has failed refuses the next batch.
    if (ack === "blocking") await settled().catch(() => undefined);
    if (ack !== "flush") return;
    unflushedCount += records.length;
    if (unflushedCount < FLUSH_RECORDS) return;
    unflushedCount = 0;
    await producer.flush().catch(() => undefined);
  };
}
