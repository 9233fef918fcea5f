// SPDX-License-Identifier: Apache-2.0
export { ConnectProxy } from "./connect-proxy.ts";
export {
  TEST_CA_CERTIFICATE,
  TEST_CATALOG_HOST,
  TEST_SERVER_CERTIFICATE,
  TEST_SERVER_KEY,
  TEST_SERVICE_HOST,
} from "./fixtures/certificates.ts";
export { type Gate, makeGate, Signal } from "./gate.ts";
export { ManualClock } from "./manual-clock.ts";
export {
  AZURE_ACCOUNT,
  type ObjectServer,
  S3_CREDENTIALS,
  skipWithoutAzureServer,
  skipWithoutGcsServer,
  skipWithoutS3Server,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "./object-servers.ts";
export {
  conformanceScript,
  DUCKDB_PYTHON,
  PYTHON,
  runPython,
  runSpark,
  skipWithoutPython,
  skipWithoutSpark,
  SPARK_PYTHON,
} from "./python.ts";
export { createRandom } from "./random.ts";
export {
  ScriptedServer,
  type ScriptedServerOptions,
  serveEverything,
  type StreamScript,
} from "./zerobus/scripted-server.ts";
export { type ReceivedMessage, ScriptedStream } from "./zerobus/scripted-stream.ts";
export { type TokenAnswer, type TokenRequest, TokenServer } from "./zerobus/token-server.ts";
