// SPDX-License-Identifier: Apache-2.0
import type { RecordFormat } from "@sluice/protocol";
import { ServerError } from "../errors.ts";
import { decodeEntry, type DefinitionEntry, type FramesEntry } from "./entry-codec.ts";

/** How frames of the log are read, and what they were checked against. */
export interface LoggedDefinition {
  readonly tableName: string;
  readonly tableId: string;
  readonly format: RecordFormat;
  readonly descriptor: Uint8Array;
  readonly schemaString: string;
}

/** Frames with what they are read by. */
export interface LoggedFrames {
  readonly entry: FramesEntry;
  readonly definition: LoggedDefinition;
}

/**
 * Keeps the definitions of a log that is read from the beginning of a segment on. Their numbers begin anew with each
 * server that writes to the log, but then in another segment, which repeats all that it needs.
 */
export class LogDefinitions {
  readonly #schemas = new Map<number, string>();
  readonly #definitions = new Map<number, LoggedDefinition>();

  /**
   * Reads the next entry.
   * @returns frames; `undefined` for any other entry.
   * @throws ServerError `data_loss` when it is none of this server's, or comes before its definition.
   */
  read(bytes: Uint8Array, position: number): LoggedFrames | undefined {
    const entry = decodeEntry(bytes);
    if (entry === undefined) throw notOurs(position);
    switch (entry.kind) {
      case "schema":
        this.#schemas.set(entry.schemaId, entry.schemaString);
        return undefined;
      case "definition":
        this.#define(entry, position);
        return undefined;
      case "frames": {
        const definition = this.#definitions.get(entry.definitionId);
        if (definition === undefined) throw notOurs(position);
        return { entry, definition };
      }
    }
  }

  #define(entry: DefinitionEntry, position: number): void {
    const { tableName, tableId, format } = entry;
    const schemaString = this.#schemas.get(entry.schemaId);
    if (schemaString === undefined) throw notOurs(position);
    const descriptor = Uint8Array.from(entry.descriptor);
    const definition = { tableName, tableId, format, descriptor, schemaString };
    this.#definitions.set(entry.definitionId, definition);
  }
}

function notOurs(position: number): ServerError {
  const message = `the log holds an entry at position ${position} that this server did not write; check the data directory`;
  return new ServerError("data_loss", message);
}
