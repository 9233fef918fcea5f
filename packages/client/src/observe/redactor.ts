// SPDX-License-Identifier: Apache-2.0

/** Stands for what was taken out. */
export const REDACTED = "[redacted]";

/** Texts are cut to this before patterns are looked for, which bounds what a hostile text can cost. */
const MAX_TEXT_LENGTH = 4_096;

/** Takes secrets out of texts that leave the process: known ones wherever they are, others by how they look. */
export type Redact = (text: string) => string;

/**
 * What is removed, in this order:
 * - the known secrets, as they are and as they look in URLs, forms, JSON and base64;
 * - of URLs: user, password, query and fragment; `user:password@` without a scheme too;
 * - the rest of a line behind the name of a header that carries credentials;
 * - what follows the name of an authorization scheme;
 * - the value behind a name such as `client_secret`, `token`, `password`, `api_key`;
 * - JSON web tokens.
 *
 * Patterns take too much rather than too little. A text without blanks that is too long is removed whole, since a cut
 * could leave half a secret that no pattern knows.
 */
export function makeRedactor(secrets: readonly string[]): Redact {
  const known = knownPattern(secrets);
  return (text) => {
    const withoutKnown = known === undefined ? text : text.replaceAll(known, REDACTED);
    return withoutPatterns(cut(withoutKnown));
  };
}

const URL_PATTERN = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)(\S+)/gi;
const USER_INFO = /[^\s:@/"']+:[^\s@/]+@(?=[\w.[])/g;
const HEADER =
  /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)(\\*["']?\s*[:=,])[^\r\n]+/gi;
const SCHEME = /\b(bearer|basic|digest|negotiate)\s+[^\s,;"']+/gi;
const NAMED_VALUE =
  /(secret|token|password|passwd|pwd|credentials?|api[-_]?key|private[-_]?key|assertion|signature)([\w-]{0,40}\\*["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\"[^"]*"?|[^\s,;&}]+)/gi;
const JSON_WEB_TOKEN = /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g;

function withoutPatterns(text: string): string {
  return text
    .replaceAll(URL_PATTERN, (_match, scheme: string, rest: string) => scheme + bareUrl(rest))
    .replaceAll(USER_INFO, `${REDACTED}@`)
    .replaceAll(HEADER, `$1$2 ${REDACTED}`)
    .replaceAll(SCHEME, `$1 ${REDACTED}`)
    .replaceAll(NAMED_VALUE, `$1$2${REDACTED}`)
    .replaceAll(JSON_WEB_TOKEN, REDACTED);
}

/** Host and path. A password may contain anything, so user information ends at the last `@`. */
function bareUrl(rest: string): string {
  const host = rest.slice(rest.lastIndexOf("@") + 1);
  const end = host.search(/[?#]/);
  return end < 0 ? host : `${host.slice(0, end)}?${REDACTED}`;
}

function cut(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  const blank = text.slice(0, MAX_TEXT_LENGTH).search(/\s\S*$/);
  return blank < 0 ? REDACTED : `${text.slice(0, blank)} ...`;
}

/** One pattern for all, the longest first, so that no secret is left in part where one contains another. */
function knownPattern(secrets: readonly string[]): RegExp | undefined {
  const forms = new Set<string>();
  for (const secret of secrets)
    for (const form of formsOf(secret)) if (form !== "") forms.add(form);
  if (forms.size === 0) return undefined;
  const alternatives = [...forms]
    .sort((left, right) => right.length - left.length)
    .map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  return new RegExp(alternatives.join("|"), "g");
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  return [
    secret,
    percentEncoded(secret),
    new URLSearchParams([["", secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString("base64"),
    bytes.toString("base64").replaceAll("=", ""),
    bytes.toString("base64url"),
  ];
}

function percentEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // A lone surrogate has no such form.
    return secret;
  }
}
