/**
 * What the gateways of one fleet tell each other of their requests. One request at one endpoint:
 *
 *     dispatched ──> started ──> ended        started: first content, or its release from the wait by another rule of `Reservations`
 *          └──────────┴───────> failed        failed: before any content; its prompt is probably not cached there
 *
 * `id` names one attempt: unique in its sender's life and the same in all its events. An event is complete in itself, so that events
 * that are lost, doubled or out of order leave small errors that end by themselves.
 */
export type FeedEvent =
  | {
      readonly kind: 'dispatched'
      readonly id: string
      readonly endpoint: string
      readonly model: string
      /** Prompt tokens that the endpoint has to compute, as its sender expects. */
      readonly uncachedTokens: number
      /** Tokens that it will generate, as its sender expects. */
      readonly outputTokens: number
      /** As `RequestSummary.prefixHashes`. Shared with the request: whoever receives it reads it only. */
      readonly prefixHashes: Uint32Array
    }
  | {
      readonly kind: 'started' | 'ended' | 'failed'
      readonly id: string
      readonly endpoint: string
      readonly prefixHashes: Uint32Array
    }

/** Where a scheduler says what it did. */
export interface Feed {
  /** Takes the event and returns at once: it is called inside `pick`, so it must not wait, throw, or call this scheduler back. */
  publish(event: FeedEvent): void
}

/** One attempt of ours as siblings know it. */
export interface Announced {
  readonly id: string
  readonly endpoint: string
  readonly prefixHashes: Uint32Array
}

const REQUEST_ID_CHARS_MAX = 128

/** Tells the feed of our own attempts. */
export class Announcer {
  readonly #feed: Feed
  #serial = 0

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** Names an attempt. Clients may give two requests one id, and a retry keeps it, so a number of our own is part of the name. */
  name(request: { readonly id: string; readonly prefixHashes: Uint32Array }, endpoint: string): Announced {
    this.#serial += 1
    return { id: `${request.id.slice(0, REQUEST_ID_CHARS_MAX)}/${this.#serial}`, endpoint, prefixHashes: request.prefixHashes }
  }

  dispatched(attempt: Announced, work: { readonly model: string; readonly uncachedTokens: number; readonly outputTokens: number }): void {
    const { id, endpoint, prefixHashes } = attempt
    const { model, uncachedTokens, outputTokens } = work
    this.#feed.publish({ kind: 'dispatched', id, endpoint, model, uncachedTokens, outputTokens, prefixHashes })
  }

  said(kind: 'started' | 'ended' | 'failed', { id, endpoint, prefixHashes }: Announced): void {
    this.#feed.publish({ kind, id, endpoint, prefixHashes })
  }
}
