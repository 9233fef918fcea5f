// SPDX-License-Identifier: Apache-2.0
import { type FrameEvent, type FrameScanner, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import { ServerError } from "../errors.ts";

/** The error for a frame that cannot be read. `offset` is that of the message, where records are awaited. */
export function frameFault(
  event: Exclude<FrameEvent, "message" | "needMore">,
  scanner: FrameScanner,
  offset: number | undefined,
): ServerError {
  const place = offset === undefined ? "the first message" : `offset ${offset}`;
  const details = offset === undefined ? {} : { offset };
  switch (event) {
    case "tooLarge": {
      const text = `${place}: a message of ${scanner.announcedBytes} bytes exceeds the limit of ${MAX_MESSAGE_BYTES} bytes; send smaller records or batches`;
      return new ServerError("invalid_argument", text, { ...details, limit: MAX_MESSAGE_BYTES });
    }
    case "compressed":
      return new ServerError(
        "unimplemented",
        `${place}: compressed messages are not supported; send them with the identity encoding`,
        details,
      );
    case "badFlag":
      return new ServerError(
        "invalid_argument",
        `${place}: the compressed flag of a gRPC frame must be 0 or 1; the stream is out of step`,
        details,
      );
  }
}
