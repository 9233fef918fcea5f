// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";

/** What the server does with a record, in order; and what belongs to none of it. */
export const STAGES = [
  "receive",
  "decode",
  "log",
  "encode",
  "compress",
  "commit",
  "ack",
  "gc",
  "native",
  "other",
] as const;

export type Stage = (typeof STAGES)[number];

/** The parts of a V8 CPU profile that are read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node seen at each sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

/** The first that is part of a frame's file name decides; so the narrower stand before the wider. */
const STAGE_BY_PATH: readonly (readonly [string, Stage])[] = [
  ["server/dist/src/session/ack-queue", "ack"],
  ["server/dist/src/session/", "receive"],
  ["server/dist/src/socket/", "receive"],
  ["server/dist/src/grpc/", "receive"],
  ["protocol/dist/", "receive"],
  ["server/dist/src/columns/", "decode"],
  ["server/dist/src/ingest/", "decode"],
  ["delta/dist/src/columns/", "decode"],
  ["server/dist/src/journal/", "log"],
  ["log/dist/src/", "log"],
  ["delta/dist/src/parquet/compressor", "compress"],
  ["server/dist/src/commit/encoder-", "encode"],
  ["delta/dist/src/parquet/", "encode"],
  ["server/dist/src/commit/", "commit"],
  ["delta/dist/src/", "commit"],
];

/** Functions whose stage is another than that of their file. */
const STAGE_BY_FUNCTION: Readonly<Record<string, Stage>> = {
  sendAck: "ack",
  onDurable: "ack",
  encodeAckFrame: "ack",
};

/** Frames of Node itself that no frame of ours has called: events that come from the network. */
const RECEIVING_MODULES = ["node:internal/http2", "node:net", "node:internal/stream", "node:http2"];

/** Only frames of the packages count; whatever they call (Node, native code, other packages) is theirs. */
const PACKAGE_ROOT: string = fileURLToPath(new URL("../../../packages/", import.meta.url));

/**
 * Adds each sample's time, in seconds, to the stage of the deepest frame that has one. Left out are idle time and the
 * profiler itself.
 */
export function addStageSeconds(totals: Map<Stage, number>, profile: CpuProfile): void {
  const stages = stagesOf(profile.nodes);
  for (const [index, nodeId] of profile.samples.entries()) {
    const stage = stages.get(nodeId);
    if (stage === undefined) continue;
    const seconds = (profile.timeDeltas[index] ?? 0) / 1e6;
    totals.set(stage, (totals.get(stage) ?? 0) + seconds);
  }
}

/** The stage of each node; none for what is left out. */
function stagesOf(nodes: readonly ProfileNode[]): Map<number, Stage> {
  const nodeById = new Map(nodes.map((node) => [node.id, node]));
  const stages = new Map<number, Stage>();
  const visit = (node: ProfileNode, inherited: Stage): void => {
    const { functionName, url } = node.callFrame;
    if (url === "node:inspector") return;
    const stage = stageOfFrame(node.callFrame, inherited);
    if (functionName !== "(idle)") stages.set(node.id, stage);
    for (const childId of node.children ?? []) {
      const child = nodeById.get(childId);
      if (child !== undefined) visit(child, stage);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, "other");
  return stages;
}

function stageOfFrame({ functionName, url }: CallFrame, inherited: Stage): Stage {
  if (functionName === "(garbage collector)") return "gc";
  if (functionName === "(program)") return "native";
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  if (path.startsWith(PACKAGE_ROOT)) {
    const byFunction = STAGE_BY_FUNCTION[functionName];
    if (byFunction !== undefined) return byFunction;
    const known = STAGE_BY_PATH.find(([part]) => path.includes(part, PACKAGE_ROOT.length));
    if (known !== undefined) return known[1];
  }
  if (inherited === "other" && RECEIVING_MODULES.some((prefix) => url.startsWith(prefix))) {
    return "receive";
  }
  return inherited;
}
