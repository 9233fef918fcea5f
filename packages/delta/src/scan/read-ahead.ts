// SPDX-License-Identifier: Apache-2.0

/**
 * Starts work on items before its results are wanted, and gives the results in the order of the items. A consumer that
 * stops leaves nothing behind: what has been started ends unheard, and no more is started.
 * @param limit items under way or waiting, 1 or more.
 * @param signal ends the iteration with its reason.
 */
export async function* readAhead<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  limit: number,
  start: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const source =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const started: Promise<Result>[] = [];
  let isAtEnd = false;
  try {
    for (;;) {
      while (!isAtEnd && started.length < limit) {
        const next = await orAborted(Promise.resolve(source.next()), signal);
        if (next.done === true) {
          isAtEnd = true;
          break;
        }
        const result = start(next.value);
        // A failure is told when its turn comes, or not at all.
        result.catch(() => undefined);
        started.push(result);
      }
      const first = started.shift();
      if (first === undefined) return;
      yield await orAborted(first, signal);
    }
  } finally {
    if (!isAtEnd) void Promise.resolve(source.return?.()).catch(() => undefined);
  }
}

/**
 * Waits for a promise, or for the signal.
 * @throws the signal's reason.
 */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    // Nobody waits for it any more, and it may fail.
    promise.catch(() => undefined);
    throw signal.reason;
  }
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
