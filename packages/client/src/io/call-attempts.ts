// SPDX-License-Identifier: Apache-2.0
import { encodeCreateStreamFrame, RECORD_TYPE } from "@sluice/protocol";
import { toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import type { PooledSession, SessionUser } from "./session-pool.ts";
import { StreamCall, type StreamCallListener } from "./stream-call.ts";
import type { StreamEngineOptions } from "./stream-engine-options.ts";

type Headers = readonly (readonly [string, string])[];

/** What the current attempt tells its engine. */
export interface CallAttemptsListener extends StreamCallListener {
  /** The headers of the call are there. */
  authenticated(): void;
  /** Whether anything sent in the current call is unacknowledged. */
  unsettled(): boolean;
}

interface Attempt extends SessionUser {
  dropped: boolean;
  /** Undefined until the credentials have given them. */
  headers: Headers | undefined;
  /** A connection was asked for. */
  calling: boolean;
  session: PooledSession | undefined;
  call: StreamCall | undefined;
  /** Undefined until the server has accepted the stream. */
  streamId: string | undefined;
}

/**
 * The attempts of an engine to open a call: the current one, and one that may be begun beside it to replace it. Only the
 * current one is heard.
 */
export class CallAttempts {
  readonly #options: StreamEngineOptions;
  readonly #listener: CallAttemptsListener;
  #current: Attempt | undefined;
  /** Begun beside the current one, which it will replace. */
  #next: Attempt | undefined;

  constructor(options: StreamEngineOptions, listener: CallAttemptsListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** The call of the current attempt. */
  get call(): StreamCall | undefined {
    return this.#current?.call;
  }

  /** Begins with the headers, or takes over the attempt begun beside, as far as it has come. */
  begin(): void {
    const attempt = this.#next ?? this.#make();
    this.#next = undefined;
    this.#current = attempt;
    if (attempt.headers !== undefined) this.#listener.authenticated();
  }

  /** Begins an attempt beside the current one, which goes as far as it can by itself. */
  beginNext(): void {
    this.#next ??= this.#make();
  }

  /** Connects and calls, once the headers are there. */
  openCall(): void {
    const attempt = this.#current as Attempt;
    if (!attempt.calling) this.#connect(attempt, attempt.headers ?? []);
    else if (attempt.streamId !== undefined) this.#listener.opened(attempt.streamId);
  }

  /** Gives up the current attempt, whatever has become of it. */
  drop(): void {
    const attempt = this.#current;
    this.#current = undefined;
    if (attempt !== undefined) drop(attempt);
  }

  dropNext(): void {
    const attempt = this.#next;
    this.#next = undefined;
    if (attempt !== undefined) drop(attempt);
  }

  /** The connection of the current attempt is not to be trusted. */
  abandonConnection(): void {
    this.#current?.session?.abandon();
  }

  /** What the current attempt has waited for in vain. */
  timeoutText(waitedMs: number): string {
    return this.#current?.headers === undefined
      ? `Stream creation timed out: no credentials within ${waitedMs} ms; is the token service, or the headers provider, well?`
      : `Stream creation timed out: no answer from ${this.#options.endpoint.authority} within ${waitedMs} ms`;
  }

  #make(): Attempt {
    const attempt: Attempt = {
      dropped: false,
      headers: undefined,
      calling: false,
      session: undefined,
      call: undefined,
      streamId: undefined,
      awaitsAnswer: () =>
        attempt.streamId === undefined || (attempt === this.#current && this.#listener.unsettled()),
    };
    this.#options.credentials.headers().then(
      (headers) => {
        if (attempt.dropped) return;
        attempt.headers = headers;
        if (attempt === this.#current) this.#listener.authenticated();
        else this.#connect(attempt, headers);
      },
      (error: unknown) => this.#ended(attempt, toZerobusError(error)),
    );
    return attempt;
  }

  #ended(attempt: Attempt, error: ZerobusError): void {
    if (attempt.dropped) return;
    if (attempt === this.#current) this.#listener.ended(error);
    else if (attempt === this.#next) this.dropNext();
  }

  #connect(attempt: Attempt, headers: Headers): void {
    attempt.calling = true;
    this.#options.sessions.acquire(attempt).then(
      (session) => {
        if (attempt.dropped) session.release(attempt);
        else this.#makeCall(attempt, session, headers);
      },
      (error: unknown) => this.#ended(attempt, toZerobusError(error)),
    );
  }

  #makeCall(attempt: Attempt, session: PooledSession, headers: Headers): void {
    const { settings, tableName, descriptorProto } = this.#options;
    const isProto = settings.format === "proto";
    attempt.session = session;
    try {
      attempt.call = new StreamCall({
        authority: this.#options.endpoint.authority,
        session,
        user: attempt,
        headers: withUserAgent(headers, this.#options.userAgent),
        createFrame: encodeCreateStreamFrame({
          tableName,
          recordType: isProto ? RECORD_TYPE.PROTO : RECORD_TYPE.JSON,
          descriptorProto: isProto ? descriptorProto : undefined,
        }),
        listener: this.#callListener(attempt),
      });
    } catch (cause) {
      session.release(attempt);
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `Cannot start a call: ${reason}`;
      this.#ended(attempt, new ZerobusError("unavailable", text, { cause }));
    }
  }

  /** A call that is not the current one has nothing to say yet but that it is open. */
  #callListener(attempt: Attempt): StreamCallListener {
    return {
      opened: (streamId) => {
        attempt.streamId = streamId;
        if (attempt === this.#current) this.#listener.opened(streamId);
      },
      acknowledged: (wireOffset) => {
        if (attempt === this.#current) this.#listener.acknowledged(wireOffset);
        else this.dropNext();
      },
      closeSignalled: (durationMs) => {
        if (attempt === this.#current) this.#listener.closeSignalled(durationMs);
        else this.dropNext();
      },
      ended: (error) => this.#ended(attempt, error),
    };
  }
}

function drop(attempt: Attempt): void {
  attempt.dropped = true;
  attempt.call?.drop();
}

/** A user agent of the application's own stands in front of ours, as the official client does it. */
function withUserAgent(headers: Headers, userAgent: string): Headers {
  const own = headers.find(([name]) => name === "user-agent");
  if (own === undefined) return [...headers, ["user-agent", userAgent]];
  return headers.map((header) => (header === own ? [own[0], `${own[1]} ${userAgent}`] : header));
}
