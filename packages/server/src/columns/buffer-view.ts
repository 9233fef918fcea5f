// SPDX-License-Identifier: Apache-2.0

let viewedBuffer: Uint8Array | undefined;
let view: DataView = new DataView(new ArrayBuffer(0));

/**
 * A DataView over a received buffer. One view is kept for the whole process, since many records lie in one buffer,
 * and so that an idle decoder does not keep its last buffer alive.
 */
export function viewOf(buffer: Uint8Array): DataView {
  if (buffer !== viewedBuffer) {
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    viewedBuffer = buffer;
  }
  return view;
}
