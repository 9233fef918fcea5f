// SPDX-License-Identifier: Apache-2.0

/** Size of all parts of an upload but the last. Services take 5 MiB and more, and some only multiples of 256 KiB. */
export const PART_BYTES: number = 8 * 1024 * 1024;
