// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from "commander";
import {
  addConnectionOptions,
  byteCount,
  jsonOption,
  laneRange,
  nameList,
  positiveNumber,
  wholeNumber,
} from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { ProduceOptions } from "./commands/produce.ts";
import { ACK_STRATEGIES, ENCODINGS } from "./produce/option-names.ts";
import { INPUT_FORMATS } from "./source/format.ts";

/** `sluice produce`. */
export function produceCommand(
  context: CommandContext,
  onExitCode: (code: number) => void,
): Command {
  const command = new Command("produce")
    .description("send the records of a file or of standard input to a table")
    .argument("[table]", "catalog.schema.table (default: ZEROBUS_TABLE_NAME)")
    .argument("[file]", "a file, or - for standard input (default: -)")
    .addOption(
      new Option(
        "--format <format>",
        "by default as the file's name says, or its first bytes",
      ).choices(INPUT_FORMATS),
    );
  return addConnectionOptions(command)
    .option(
      "--batch-size <records>",
      "most records in one ingest call",
      wholeNumber(1, 100_000),
      500,
    )
    .addOption(
      new Option(
        "--encoding <encoding>",
        "how records are sent: protobuf where the table's columns allow it, or JSON",
      )
        .choices(ENCODINGS)
        .default("auto"),
    )
    .option(
      "--streams <number>",
      "streams to send over, N or MIN..MAX to grow with load",
      laneRange,
      {
        min: 1,
        max: 1,
      },
    )
    .option(
      "--key <column>",
      "records with the same value in this column keep their order over all streams",
    )
    .option("--rate <records/s>", "most records per second, over all streams", positiveNumber)
    .addOption(
      new Option(
        "--ack <strategy>",
        "when the next records are sent: as acks come, after the ack of each batch, or after a flush of every 10,000",
      )
        .choices(ACK_STRATEGIES)
        .default("callback"),
    )
    .option(
      "--id-column <name>",
      "give each record without one an id in this STRING column (UUID version 7)",
    )
    .option(
      "--id-from <columns>",
      "make the id of these columns, separated by commas, so that it is the same each time",
      nameList,
    )
    .option("--skip-invalid", "pass over invalid records and count them, instead of ending there")
    .option(
      "--dead-letter <directory>",
      "keep invalid records there, with the reason, instead of ending there",
    )
    .option(
      "--spool <directory>",
      "keep records on disk until they are acknowledged, over restarts and outages",
    )
    .option(
      "--spool-size <size>",
      "most bytes of the spool, such as 500MB or 10GB",
      byteCount,
      1_000_000_000,
    )
    .option(
      "-f, --follow",
      "read on as the file grows, as `tail -F` does: over rotation, truncation and absence",
    )
    .addOption(
      new Option("--from <place>", "with --follow: where a file that is there is read from")
        .choices(["start", "end"])
        .default("start"),
    )
    .option(
      "--drain-timeout <seconds>",
      "longest wait for acks once nothing more is read",
      wholeNumber(0, 86_400),
      300,
    )
    .addOption(jsonOption("print the summary as JSON"))
    .addHelpText("after", PRODUCE_HELP)
    .action(
      async (table: string | undefined, file: string | undefined, options: ProduceOptions) => {
        const { runProduce } = await import("./commands/produce.ts");
        onExitCode(await runProduce(table, file, options, context));
      },
    );
}

const PRODUCE_HELP = `
Formats:
  json    an array of objects, or objects one behind the other; a file of any length is read piece by piece
  ndjson  one object per line
  csv     the first line names the columns; an empty field is null; dates as 2024-01-31, timestamps as
          2024-01-31T10:20:30Z (UTC where no zone is given)
  parquet a file, row group by row group; its types are kept

Exit codes:
  0       everything was acknowledged
  1       failed, as the message says; what was sent before was waited for
  3       all that is valid was acknowledged; invalid records were skipped or are in the dead letters
  4       the --drain-timeout passed; records are not acknowledged, or are in the spool for the next run
  130     Ctrl-C (143: SIGTERM): no more was read, what was sent was waited for; the second time it ends at once

Examples:
  $ sluice produce main.default.events events.ndjson
  $ sluice produce main.default.events app.ndjson --follow --spool /var/spool/events --id-column event_id
  $ sluice produce main.default.events events.parquet --streams 4 --key device_id --dead-letter dead/
  $ sluice produce main.default.events export.csv --skip-invalid --json`;
