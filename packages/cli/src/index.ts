// SPDX-License-Identifier: Apache-2.0
export { main } from "./main.ts";
export { LatencyHistogram } from "./produce/latency-histogram.ts";
export {
  formatBytes,
  formatCount,
  formatCounted,
  formatLatency,
  formatSeconds,
} from "./terminal/numbers.ts";
export {
  type Progress,
  type ProgressOptions,
  type ProgressOutput,
  type ProgressState,
  startProgress,
} from "./terminal/progress.ts";
export { type Style, type StyledOutput, styleFor } from "./terminal/style.ts";
