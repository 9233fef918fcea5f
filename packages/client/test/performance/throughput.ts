// SPDX-License-Identifier: Apache-2.0

// Measures records per second against a no-op server in another process. Run by hand:
//   node packages/client/dist/test/performance/throughput.js [records]
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { RecordType, ZerobusSdk, type ZerobusStream } from "@sluice/client";

type Use = (stream: ZerobusStream, recordCount: number) => Promise<void>;

const text = JSON.stringify({
  id: 12345,
  name: "a sensor on a roof",
  value: 20.25,
  note: "x".repeat(45),
});
const bytes = Buffer.alloc(110, 7);

const oneByOne =
  (record: unknown): Use =>
  async (stream, recordCount) => {
    for (let index = 0; index < recordCount; index++) await stream.ingestRecordOffset(record);
  };

const inGroups: Use = async (stream, recordCount) => {
  for (let index = 0; index < recordCount; index += 1000) {
    const group: Promise<bigint>[] = [];
    for (let member = 0; member < 1000; member++) group.push(stream.ingestRecordOffset(text));
    await Promise.all(group);
  }
};

const inBatches: Use = async (stream, recordCount) => {
  const batch: string[] = Array.from({ length: 500 }, () => text);
  for (let index = 0; index < recordCount; index += 500) await stream.ingestRecordsOffset(batch);
};

const blocking: Use = async (stream, recordCount) => {
  for (let index = 0; index < recordCount / 50; index++) await stream.ingestRecord(text);
};

async function measure(port: number, name: string, use: Use, isText: boolean): Promise<void> {
  const recordCount = Number(process.argv[2] ?? 1_000_000);
  const sdk = new ZerobusSdk(`http://127.0.0.1:${port}`, "http://unused");
  const stream = await sdk.createStream(
    { tableName: "main.bench.records", descriptorProto: "CgFS" },
    "",
    "",
    { recordType: isText ? RecordType.Json : RecordType.Proto },
    { getHeaders: () => [["authorization", "Bearer x"]] },
  );
  await use(stream, Math.min(100_000, recordCount));
  await stream.flush();
  const before = stream.statistics.acknowledgedRecords;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await use(stream, recordCount);
  await stream.flush();
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const records = stream.statistics.acknowledgedRecords - before;
  const cpuPerMillion = (cpu.user + cpu.system) / records;
  process.stdout.write(
    `${name.padEnd(28)} ${Math.round(records / seconds)
      .toLocaleString("en")
      .padStart(12)} records/s  ` +
      `${cpuPerMillion.toFixed(2)} CPU s per million  rss ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
  );
  await stream.close();
  sdk.close();
}

const server = fork(fileURLToPath(new URL("./no-op-server.js", import.meta.url)), {
  stdio: ["ignore", "pipe", "inherit", "ipc"],
});
const [line] = (await once(server.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
const port = Number(line.toString());
for (let round = 0; round < 3; round++) {
  await measure(port, "await each, JSON text", oneByOne(text), true);
  await measure(port, "await each, JSON object", oneByOne(JSON.parse(text)), true);
  await measure(port, "await each, proto bytes", oneByOne(bytes), false);
  await measure(port, "groups of 1000, JSON text", inGroups, true);
  await measure(port, "batches of 500, JSON text", inBatches, true);
  await measure(port, "await each ack", blocking, true);
}
server.kill();
