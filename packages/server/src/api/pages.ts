// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";

/** Most items of a page, whatever is asked for. */
const MAX_PAGE_LENGTH = 1_000;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** To be put into the answer: the token for the next page, where there is one. */
  readonly next: { readonly next_page_token?: string };
}

/**
 * Reads `max_results` (0 for as many as the server likes, absent for all) and `page_token`.
 * @throws ServerError `invalid_argument`.
 */
export function pageOf<Item>(items: readonly Item[], query: URLSearchParams): Page<Item> {
  const maxResults = countOf(query, "max_results");
  const start = countOf(query, "page_token") ?? 0;
  const asked = maxResults === 0 ? MAX_PAGE_LENGTH : maxResults;
  const length = asked === undefined ? items.length : Math.min(asked, MAX_PAGE_LENGTH);
  const end = start + length;
  const next = end < items.length ? { next_page_token: String(end) } : {};
  return { items: items.slice(start, end), next };
}

function countOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const message = `the query parameter ${name} is ${JSON.stringify(text.slice(0, 100))}; it must be a whole number`;
  throw new ServerError("invalid_argument", message);
}
