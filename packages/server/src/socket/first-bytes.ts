// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { type KnownProtocol, sniffProtocol } from "./sniff.ts";

/**
 * Reads a connection until its first bytes tell what it speaks, and then calls `onTold` once, with these bytes unread
 * again. Never calls it if the connection ends before.
 */
export function readFirstBytes(socket: Socket, onTold: (protocol: KnownProtocol) => void): void {
  // Bytes that tell nothing yet are kept here: unread at once, they would be announced again at once, for ever.
  let firstBytes: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    firstBytes = firstBytes.length === 0 ? bytes : Buffer.concat([firstBytes, bytes]);
    const protocol = sniffProtocol(firstBytes);
    if (protocol === "undecided") return;
    socket.removeListener("readable", onReadable);
    socket.unshift(firstBytes);
    onTold(protocol);
  };
  socket.on("readable", onReadable);
}
