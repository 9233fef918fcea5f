// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileOnce } from "../durable-file.ts";
import { ServerError } from "../errors.ts";

export interface VersionedFileOptions<State> {
  readonly directory: string;
  /** Files are `<name>-<16 digits>.json`. */
  readonly name: string;
  /** What there is before the first change. */
  readonly initial: State;
  /** Checks what a file holds; `undefined` where it cannot be. */
  readonly parse: (value: unknown) => State | undefined;
}

interface Loaded<State> {
  /** 0 before the first change. */
  readonly version: number;
  readonly state: State;
}

/** Others change the state each time meanwhile: somebody gets on, but there has to be an end. */
const MAX_ATTEMPTS = 1_000;

/** A file is kept until it is neither among so many newest nor so young: a slow writer must not find its number free. */
const KEPT_VERSIONS = 32;
const KEPT_MS = 600_000;

/**
 * A small document that several processes read and change. Each version is a file of its own, written once and
 * durable: the one who writes version N + 1 first has made its change, and the other makes its own again on top of it.
 */
export class VersionedFile<State> {
  readonly #options: VersionedFileOptions<State>;
  #last: Loaded<State> | undefined;

  constructor(options: VersionedFileOptions<State>) {
    this.#options = options;
  }

  /** Whether there has been a change. @throws ServerError as {@link VersionedFile.read}. */
  async exists(): Promise<boolean> {
    return (await this.#load()).version > 0;
  }

  /** The newest state. Not to be changed. @throws ServerError `data_loss` when the file is damaged. */
  async read(): Promise<State> {
    return (await this.#load()).state;
  }

  /**
   * Makes a change durable and returns the new state.
   * @param change makes the new state of the newest; called again when another process has changed that meanwhile. What
   * it throws ends the update; where it returns the state it was given, nothing is written.
   */
  async update(change: (state: State) => State): Promise<State> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { version, state } = await this.#load();
      const next = change(state);
      if (next === state) return state;
      const text = `${JSON.stringify(next, null, 2)}\n`;
      if (!(await writeFileOnce(this.#fileOf(version + 1), text, 0o600))) continue;
      this.#last = { version: version + 1, state: next };
      await this.#removeOld(version + 1);
      return next;
    }
    const message = `${this.#options.directory} was changed by others ${MAX_ATTEMPTS} times in a row; try again`;
    throw new ServerError("unavailable", message);
  }

  async #load(): Promise<Loaded<State>> {
    for (;;) {
      const version = (await this.#versions()).at(-1) ?? 0;
      if (version === this.#last?.version) return this.#last;
      // A directory that is away for a moment must not be taken for an empty one.
      if (version < (this.#last?.version ?? 0)) throw this.#vanished(version);
      if (version === 0) return { version, state: this.#options.initial };
      const state = await this.#read(version);
      // Removed since it was listed: there are newer ones.
      if (state === undefined) continue;
      this.#last = { version, state };
      return this.#last;
    }
  }

  #vanished(version: number): ServerError {
    const { directory } = this.#options;
    const found = version === 0 ? "nothing" : `version ${version}`;
    const message = `${directory} has ${found} where version ${this.#last?.version} was; bring its files back, or restart to go on with what is there`;
    return new ServerError("unavailable", message);
  }

  /** Ascending. */
  async #versions(): Promise<number[]> {
    const { directory, name } = this.#options;
    const pattern = new RegExp(`^${name}-(\\d{16})\\.json$`);
    let names: string[];
    try {
      names = await readdir(directory);
    } catch (cause) {
      if (isAbsent(cause)) return [];
      throw cause;
    }
    return names
      .map((file) => Number(pattern.exec(file)?.[1]))
      .filter((version) => !Number.isNaN(version))
      .sort((left, right) => left - right);
  }

  async #read(version: number): Promise<State | undefined> {
    const file = this.#fileOf(version);
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw cause;
    }
    const state = this.#options.parse(parseJson(text));
    if (state !== undefined) return state;
    throw new ServerError("data_loss", `${file} is damaged; restore it`);
  }

  async #removeOld(newest: number): Promise<void> {
    for (const version of await this.#versions()) {
      if (version > newest - KEPT_VERSIONS) return;
      const file = this.#fileOf(version);
      const status = await stat(file).catch(() => undefined);
      if (status === undefined || Date.now() - status.mtimeMs < KEPT_MS) continue;
      await rm(file, { force: true });
    }
  }

  #fileOf(version: number): string {
    const { directory, name } = this.#options;
    return join(directory, `${name}-${String(version).padStart(16, "0")}.json`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAbsent(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === "ENOENT";
}
