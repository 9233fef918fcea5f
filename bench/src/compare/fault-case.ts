// SPDX-License-Identifier: Apache-2.0
import type { IngestClientKind } from "../lib/ingest-client.ts";

/** A fault that each client meets with. */
export interface FaultCase {
  readonly fault: string;
  /** Left out of quick runs, for its time. */
  readonly isSlow: boolean;
  /** @returns what was seen of the client, in words */
  readonly run: (client: IngestClientKind) => Promise<string>;
}

/** What was seen of each client in one fault. */
export interface FaultResult {
  readonly fault: string;
  readonly seen: Readonly<Partial<Record<IngestClientKind, string>>>;
}
