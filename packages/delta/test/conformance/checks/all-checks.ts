// SPDX-License-Identifier: Apache-2.0
import type { Check } from "../check.ts";
import { ENGINE_TABLE_CHECKS } from "./made-by-engines.ts";
import { STATISTICS_CHECKS } from "./statistics.ts";
import { TURN_CHECKS } from "./turns.ts";
import { FEATURE_CHECKS } from "./written-features.ts";
import { MAINTENANCE_CHECKS } from "./written-maintenance.ts";
import { PARTITION_CHECKS } from "./written-partitions.ts";
import { TYPE_CHECKS } from "./written-types.ts";

/** In the order in which they are reported. */
export const ALL_CHECKS: readonly Check[] = [
  ...TYPE_CHECKS,
  ...PARTITION_CHECKS,
  ...FEATURE_CHECKS,
  ...MAINTENANCE_CHECKS,
  ...STATISTICS_CHECKS,
  ...ENGINE_TABLE_CHECKS,
  ...TURN_CHECKS,
];
