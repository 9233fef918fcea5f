// SPDX-License-Identifier: Apache-2.0
import { Producer, type ProducerOptions } from "@sluice/client";
import type { ScriptedServer, StreamScript } from "@sluice/testkit";
import { TABLE } from "./helpers.ts";

/** A producer of JSON records to a scripted server, with short waits. */
export function openProducer<T = unknown>(
  server: ScriptedServer,
  options: Partial<ProducerOptions<T>> = {},
): Promise<Producer<T>> {
  return Producer.open<T>({
    endpoint: server.url,
    table: TABLE,
    auth: "none",
    retry: { firstDelayMs: 2, maxDelayMs: 20 },
    ...options,
  });
}

/** Accepts, takes so many messages, acknowledges those up to `ackUpTo`, and ends the call with a status. */
export const acceptThenEnd =
  (
    status: Parameters<Parameters<StreamScript>[0]["end"]>[0],
    messageCount: number,
    ackUpTo: number,
  ): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(messageCount);
    if (ackUpTo >= 0) call.ack(ackUpTo);
    call.end(status, `ended with ${status}`);
  };

/**
 * Validates as a server does: acknowledges what is right, up to the first message with a record that is wrong, and ends
 * the call with INVALID_ARGUMENT there. Keeps what it took.
 */
export function validatingServer(
  isWrong: (text: string) => boolean,
  taken: string[],
  options: { readonly acksFirst?: boolean } = {},
): StreamScript {
  return async (call) => {
    let refused = false;
    call.onMessage((message) => {
      if (refused) return;
      const texts = message.records.map((record) => record.toString());
      if (texts.some(isWrong)) {
        refused = true;
        call.end("INVALID_ARGUMENT", `record of offset ${message.offsetId} is wrong`);
        return;
      }
      if (options.acksFirst === false) {
        setImmediate(() => {
          if (refused) return;
          taken.push(...texts);
          call.ack(message.offsetId);
        });
        return;
      }
      taken.push(...texts);
      call.ack(message.offsetId);
    });
    await call.accept();
    await call.untilHalfClosed();
    call.end();
  };
}
