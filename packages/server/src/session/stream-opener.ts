// SPDX-License-Identifier: Apache-2.0
import { type CreateStreamRequest, RECORD_TYPE, type RecordFormat } from "@sluice/protocol";
import type { Authenticator } from "../auth/authenticator.ts";
import type { TokenClaims } from "../auth/token-issuer.ts";
import { parseTableName } from "../catalog/table-name.ts";
import { ServerError } from "../errors.ts";
import type { TableRegistry } from "../ingest/table-registry.ts";
import type { LiveTable, RecordTarget } from "../ingest/live-table.ts";
import type { Journal } from "../journal/journal.ts";

/** What a stream needs to take records. */
export interface OpenedStream {
  readonly table: LiveTable;
  readonly target: RecordTarget;
  readonly format: RecordFormat;
  /** Empty for JSON. */
  readonly descriptor: Uint8Array;
}

const NO_DESCRIPTOR = new Uint8Array(0);

/** Checks `create_stream` requests. */
export class StreamOpener {
  readonly #authenticator: Authenticator;
  readonly #tables: TableRegistry;
  readonly #journal: Journal;

  constructor(authenticator: Authenticator, tables: TableRegistry, journal: Journal) {
    this.#authenticator = authenticator;
    this.#tables = tables;
    this.#journal = journal;
  }

  /** @throws ServerError with the reason for the refusal. */
  async open(request: CreateStreamRequest, claims: TokenClaims | undefined): Promise<OpenedStream> {
    const name = parseTableName(request.tableName ?? "");
    if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
    await this.#authenticator.authorizeWrite(claims, name);
    const format = formatOf(request.recordType);
    const descriptor = descriptorOf(request, format);
    const { failure } = this.#journal;
    if (failure !== undefined) {
      const message = `the server takes no writes: ${failure.message}; free or repair the disk and restart the server`;
      throw new ServerError("unavailable", message, {}, failure);
    }
    const table = await this.#tables.tableFor(name);
    for (;;) {
      await table.whenReady();
      const target = table.targetFor(format, descriptor);
      if (target instanceof ServerError) throw target;
      if (target !== "wait") return { table, target, format, descriptor };
    }
  }
}

function formatOf(recordType: number | undefined): RecordFormat {
  switch (recordType) {
    // Streams of clients older than the field carry protobuf.
    case undefined:
    case RECORD_TYPE.PROTO:
      return "proto";
    case RECORD_TYPE.JSON:
      return "json";
    case RECORD_TYPE.AVRO:
      throw new ServerError(
        "unimplemented",
        "record type AVRO is not supported; use PROTO or JSON",
      );
    default: {
      const message = `record type ${recordType} is not valid; use PROTO (1) or JSON (2)`;
      throw new ServerError("invalid_argument", message);
    }
  }
}

function descriptorOf(request: CreateStreamRequest, format: RecordFormat): Uint8Array {
  if (format !== "proto") return NO_DESCRIPTOR;
  const { descriptorProto } = request;
  if (descriptorProto === undefined || descriptorProto.length === 0) {
    const message =
      "a PROTO stream needs descriptor_proto, the serialized DescriptorProto of its message";
    throw new ServerError("invalid_argument", message);
  }
  return descriptorProto;
}
