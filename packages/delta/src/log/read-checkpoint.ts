// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type {
  AddAction,
  DomainMetadataAction,
  MetadataAction,
  ProtocolAction,
  TxnAction,
} from "./actions.ts";
import { FieldProblem } from "./json-fields.ts";
import { LOG_DIRECTORY, type LogFile } from "./log-files.ts";
import {
  parseAdd,
  parseDomainMetadata,
  parseMetadata,
  parseProtocol,
  parseTxn,
} from "./parse-actions.ts";
import { openParquet } from "./parquet-input.ts";
import type { CheckpointState } from "./snapshot.ts";

/** The columns that make up a snapshot; tombstones (`remove`) matter to a vacuum only. */
const COLUMNS = ["protocol", "metaData", "txn", "add", "domainMetadata", "sidecar"] as const;

/**
 * Reads a checkpoint that is one Parquet file with every action in it ("Checkpoint Schema" of the protocol).
 * @throws DeltaError `data_loss` naming the file, `unsupported` for one that keeps its files in sidecars.
 */
export async function readClassicCheckpoint(
  store: ObjectStore,
  file: LogFile,
): Promise<CheckpointState> {
  const path = `${LOG_DIRECTORY}/${file.name}`;
  const entry = await store.head(path);
  if (entry === undefined) throw damaged(file.name, "has gone while the table was read");
  const input = await openParquet(store, path, entry.sizeBytes);
  const columns = COLUMNS.filter((column) => input.columnNames.has(column));
  const builder = new CheckpointBuilder(file);
  for (const range of input.rowGroups) {
    for (const row of await input.readRows(columns, range)) builder.addRow(row);
  }
  return builder.build();
}

class CheckpointBuilder {
  readonly #file: LogFile;
  #protocol: ProtocolAction | undefined;
  #metaData: MetadataAction | undefined;
  readonly #txns: TxnAction[] = [];
  readonly #domainMetadata: DomainMetadataAction[] = [];
  readonly #adds: AddAction[] = [];

  constructor(file: LogFile) {
    this.#file = file;
  }

  addRow(row: Record<string, unknown>): void {
    try {
      this.#addActions(row);
    } catch (cause) {
      if (!(cause instanceof FieldProblem)) throw cause;
      throw damaged(this.#file.name, cause.message, cause);
    }
  }

  build(): CheckpointState {
    const { version, name } = this.#file;
    if (this.#protocol === undefined) throw damaged(name, "has no protocol action");
    if (this.#metaData === undefined) throw damaged(name, "has no metaData action");
    return {
      version,
      digest: undefined,
      commitInfo: undefined,
      protocol: this.#protocol,
      metaData: this.#metaData,
      txns: this.#txns,
      domainMetadata: this.#domainMetadata,
      adds: this.#adds,
      removes: [],
    };
  }

  #addActions(row: Record<string, unknown>): void {
    const { protocol, metaData, txn, add, domainMetadata, sidecar } = row as Partial<
      Record<(typeof COLUMNS)[number], unknown>
    >;
    if (sidecar != null) {
      throw new DeltaError(
        "unsupported",
        `the checkpoint ${this.#file.name} keeps its files in sidecars (v2Checkpoint), which this library does not read`,
        { details: { file: this.#file.name } },
      );
    }
    if (add != null) this.#adds.push(parseAdd(add));
    if (txn != null) this.#txns.push(parseTxn(txn));
    if (domainMetadata != null) this.#domainMetadata.push(parseDomainMetadata(domainMetadata));
    if (protocol != null) this.#protocol = parseProtocol(protocol);
    if (metaData != null) this.#metaData = parseMetadata(metaData);
  }
}

function damaged(file: string, problem: string, cause?: unknown): DeltaError {
  return new DeltaError("data_loss", `the checkpoint ${file} ${problem}`, {
    cause,
    details: { file },
  });
}
