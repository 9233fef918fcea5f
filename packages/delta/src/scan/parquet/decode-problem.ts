// SPDX-License-Identifier: Apache-2.0

/** Bytes that no Parquet writer makes; whoever knows the file turns it into a `data_loss` that names it. */
export class DecodeProblem extends Error {
  override readonly name = "DecodeProblem";
}
