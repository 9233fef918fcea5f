// SPDX-License-Identifier: Apache-2.0

// Measures what the producer adds to a stream, against a no-op server in another process, in turns. Run by hand:
//   node packages/client/dist/test/performance/producer-throughput.js [records]
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Producer, RecordType, ZerobusSdk } from "@sluice/client";

interface Subject {
  readonly name: string;
  readonly send: (recordCount: number) => Promise<void>;
  readonly close: () => Promise<unknown>;
}

const record = { id: 12345, name: "a sensor on a roof", value: 20.25, note: "x".repeat(45) };
const text = JSON.stringify(record);
const bytes = Buffer.alloc(110, 7);
const descriptor = Buffer.from("CgFS", "base64");

async function streamSubject(port: number, name: string, submitted: unknown): Promise<Subject> {
  const sdk = new ZerobusSdk(`http://127.0.0.1:${port}`, "http://unused");
  const isProto = submitted instanceof Uint8Array;
  const stream = await sdk.createStream(
    { tableName: "main.bench.records", descriptorProto: "CgFS" },
    "",
    "",
    { recordType: isProto ? RecordType.Proto : RecordType.Json },
    { getHeaders: () => [["authorization", "Bearer x"]] },
  );
  return {
    name: `stream, ${name}`,
    send: async (recordCount) => {
      for (let index = 0; index < recordCount; index++) await stream.ingestRecordOffset(submitted);
      await stream.flush();
    },
    close: () => stream.close().finally(() => sdk.close()),
  };
}

async function producerSubject(
  port: number,
  name: string,
  submitted: unknown,
  lanes?: { min: number; key: () => number },
): Promise<Subject> {
  const producer = await Producer.open({
    endpoint: `http://127.0.0.1:${port}`,
    table: "main.bench.records",
    auth: "none",
    ...(submitted instanceof Uint8Array ? { descriptor } : {}),
    ...(lanes === undefined ? {} : { lanes }),
  });
  return {
    name: `producer, ${name}`,
    send: async (recordCount) => {
      for (let index = 0; index < recordCount; index++) await producer.submit(submitted);
      await producer.flush();
    },
    close: () => producer.close(),
  };
}

async function measure(subject: Subject, recordCount: number): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await subject.send(recordCount);
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const rate = Math.round(recordCount / seconds).toLocaleString("en");
  process.stdout.write(
    `${subject.name.padEnd(36)} ${rate.padStart(12)} records/s  ` +
      `${((cpu.user + cpu.system) / recordCount).toFixed(2)} CPU s per million\n`,
  );
}

const server = fork(fileURLToPath(new URL("./no-op-server.js", import.meta.url)), {
  stdio: ["ignore", "pipe", "inherit", "ipc"],
});
const [line] = (await once(server.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
const port = Number(line.toString());
const recordCount = Number(process.argv[2] ?? 1_000_000);
let key = 0;
const subjects = [
  await streamSubject(port, "JSON text", text),
  await producerSubject(port, "JSON text", text),
  await streamSubject(port, "JSON object", record),
  await producerSubject(port, "JSON object", record),
  await streamSubject(port, "proto bytes", bytes),
  await producerSubject(port, "proto bytes", bytes),
  await producerSubject(port, "proto bytes, 4 lanes by key", bytes, { min: 4, key: () => key++ }),
];
for (const subject of subjects) await subject.send(Math.min(100_000, recordCount));
for (let round = 0; round < 3; round++) {
  for (const subject of subjects) await measure(subject, recordCount);
}
for (const subject of subjects) await subject.close();
server.kill();
