// SPDX-License-Identifier: Apache-2.0

/** A count, as in `200,000`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A count and its unit, as in `1 record`, `200,000 records`. */
export function formatCounted(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? "" : "s"}`;
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes in decimal units, as in `512 B`, `9.9 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unitIndex = 0;
  while (value >= 999.5 && unitIndex < BYTE_UNITS.length - 1) {
    value /= 1000;
    unitIndex++;
  }
  const digits = unitIndex === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unitIndex]}`;
}

/** A span of time, as in `430 ms`, `2.41 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.995) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A latency in milliseconds, as in `0.42 ms`, `8.1 ms`, `150 ms`, `2.30 s`; `-` where there is none. */
export function formatLatency(latencyMs: number | undefined): string {
  if (latencyMs === undefined) return "-";
  if (latencyMs >= 999.5) return formatSeconds(latencyMs / 1000);
  if (latencyMs >= 99.95) return `${latencyMs.toFixed(0)} ms`;
  return `${latencyMs.toFixed(latencyMs >= 9.995 ? 1 : 2)} ms`;
}
