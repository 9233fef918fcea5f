// SPDX-License-Identifier: Apache-2.0
// Streams 200,000 real records into a Delta table, through a connection that breaks half-way, and checks each of them.
import { resolve } from "node:path";
import { formatCount, styleFor } from "@sluice/cli";
import { parseColumnList } from "@sluice/delta";
import { startServer } from "@sluice/server";
import { FLIGHT_COLUMNS, loadFlights } from "./flights.ts";
import { produceFlights } from "./produce-flights.ts";
import { startRelay } from "./relay.ts";
import { failureOf, type Report, reportLines } from "./report.ts";
import { verifyTable } from "./verify-table.ts";

const TABLE_NAME = "main.quickstart.flights";

async function runQuickstart(): Promise<Report> {
  const flights = await loadFlights();
  const timestamp = new Date().toISOString().replaceAll(/[-:]/g, "").slice(0, 15);
  const dataDirectory = resolve(".sluice", `quickstart-${timestamp}-${process.pid}`);
  const server = await startServer({ dataDirectory });
  const relay = await startRelay(server.port);
  try {
    const { location } = await server.createTable(TABLE_NAME, parseColumnList(FLIGHT_COLUMNS));
    tell(`Server at ${server.endpoint}, data in ${dataDirectory}`);
    tell(`Streaming ${formatCount(flights.length)} flights into ${TABLE_NAME}`);
    const produced = await produceFlights(
      flights,
      {
        endpoint: `http://127.0.0.1:${relay.port}`,
        workspaceUrl: server.workspaceUrl,
        clientId: server.credentials?.clientId ?? "",
        clientSecret: server.credentials?.clientSecret ?? "",
        tableName: TABLE_NAME,
      },
      relay,
    );
    await server.flush();
    const table = await verifyTable(await server.catalog.openTable(TABLE_NAME), flights);
    return { produced, table, location };
  } finally {
    await relay.close();
    await server.close();
  }
}

function tell(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

const style = styleFor(process.stdout, process.env);
try {
  const report = await runQuickstart();
  const failure = failureOf(report);
  tell("", ...reportLines(report, style), "");
  if (failure === undefined) {
    tell(
      style.green(
        `OK: each of the ${formatCount(report.produced.sentCount)} records is in the table.`,
      ),
    );
  } else {
    tell(style.red(`FAILED: ${failure}.`));
    process.exitCode = 1;
  }
} catch (reason) {
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  process.stderr.write(`FAILED: ${text}\n`);
  process.exitCode = 1;
}
