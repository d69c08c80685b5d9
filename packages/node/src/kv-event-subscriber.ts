import { failure, ok, type Result } from '@signalbox/base'
import {
  type DecodedBatch,
  decodeBatch,
  limits,
  type MissingRange,
  parseLive,
  parseReplayed,
  replayRequest,
  SequenceTracker,
} from '@signalbox/kv-events'
import type { Dealer, Subscriber } from 'zeromq'
import { bindSocket, connectSocket, isBindEndpoint, loadZeromq, type Zeromq } from './zeromq.ts'

export interface KvEventSubscription {
  /** Connected to, as `tcp://10.0.0.7:5557`; with `*` bound, for engines that connect to their subscriber. */
  readonly endpoint: string
  /** Where the publisher of `endpoint` answers for what was missed. Without it gaps stay gaps. */
  readonly replayEndpoint?: string
  /** First characters of the topics that are wanted. Default all. */
  readonly topic?: string
  /** Begins with the kept batches from this sequence number on; 0: with all that the publisher still has. Needs `replayEndpoint`. */
  readonly replayFrom?: number
  /** Messages that may wait to be read; further ones wait at the publisher or are lost there. Default 1000. */
  readonly queueMax?: number
  /** Silence after which a replay is given up. Default 5000. */
  readonly replaySilenceMs?: number
  /** Told of each connection that comes about or is lost. */
  readonly onConnection?: (state: 'connected' | 'disconnected') => void
}

/** What a subscriber learns, in order. */
export type KvEventNotice =
  | {
      readonly kind: 'batch'
      readonly origin: 'live' | 'replay'
      /** Undefined where it was replayed before any live message came: replays have no topics. */
      readonly topic: string | undefined
      readonly sequence: number
      readonly batch: DecodedBatch
    }
  /** Batches were lost and not to be had again: what is known of the publisher's cache is incomplete. */
  | { readonly kind: 'gap'; readonly topic: string | undefined; readonly missing: MissingRange }
  /** The publisher lives anew: what is known of its cache is void. */
  | { readonly kind: 'restart'; readonly topic: string }
  /** A message was no batch, or no replay could be had. Of a message with a sequence number the number counts as taken. */
  | { readonly kind: 'broken'; readonly topic: string | undefined; readonly message: string }
  /** The replay that was asked for at the start is through. */
  | { readonly kind: 'replayed'; readonly next: number }

const QUEUE_MAX = 1000
const REPLAY_SILENCE_MS = 5_000
/** A machine that vanishes without a word is noticed after twice this. */
const HEARTBEAT_MS = 10_000
/** Ten times what vLLM keeps. */
const REPLAY_BATCHES_MAX = 100_000
/** Publishers told apart on one endpoint. */
const TOPICS_MAX = 1024

/**
 * Reads the KV-cache events of an engine: decodes, orders, asks for what was missed. Who reads slowly holds up the publisher's queue for it,
 * never this process's memory: at most `queueMax` messages of at most 16 MiB wait here.
 * With a `replayEndpoint` all messages must come from the one publisher behind it. SOURCE: `docs/formats/kv-events.md`.
 */
export class KvEventSubscriber {
  /** The endpoint in use; where it was bound with `*`, with the port that the system chose. */
  readonly endpoint: string
  readonly #zeromq: Zeromq
  readonly #subscription: KvEventSubscription
  readonly #socket: Subscriber
  readonly #trackers = new Map<string, SequenceTracker>()
  #replaySocket: Dealer | undefined

  private constructor(zeromq: Zeromq, subscription: KvEventSubscription, open: { socket: Subscriber; endpoint: string }) {
    this.#zeromq = zeromq
    this.#subscription = subscription
    this.#socket = open.socket
    this.endpoint = open.endpoint
  }

  /** Subscribes; the connection comes about in the background. The failure is a sentence. */
  static async open(subscription: KvEventSubscription): Promise<Result<KvEventSubscriber, string>> {
    const { endpoint, queueMax = QUEUE_MAX } = subscription
    if (subscription.replayFrom !== undefined && subscription.replayEndpoint === undefined)
      return failure('a replay needs the endpoint that answers it')
    const zeromq = await loadZeromq()
    if (!zeromq.ok) return zeromq
    const socket = new zeromq.value.Subscriber({
      linger: 0,
      receiveHighWaterMark: queueMax,
      maxMessageSize: limits.payloadBytes,
      heartbeatInterval: HEARTBEAT_MS,
      heartbeatTimeout: HEARTBEAT_MS,
    })
    void tell(socket, subscription.onConnection)
    socket.subscribe(subscription.topic ?? '')
    const connected =
      isBindEndpoint(endpoint) && !endpoint.startsWith('ipc://') ? await bindSocket(socket, endpoint) : connectSocket(socket, endpoint)
    if (!connected.ok) {
      socket.close()
      return connected
    }
    return ok(new KvEventSubscriber(zeromq.value, subscription, { socket, endpoint: connected.value ?? endpoint }))
  }

  /** All that comes, until `close`; to be read once. Messages are taken from the socket as notices are asked for. */
  async *notices(): AsyncGenerator<KvEventNotice, void> {
    const { replayFrom } = this.#subscription
    if (replayFrom !== undefined) {
      const tracker = new SequenceTracker(replayFrom)
      this.#trackers.set(ONE_PUBLISHER, tracker)
      yield* this.#replay(tracker, undefined)
      yield { kind: 'replayed', next: tracker.next }
    }
    for await (const frames of this.#socket) yield* this.#live(frames)
  }

  /** Ends `notices`, also in the middle of a replay. */
  close(): void {
    this.#socket.close()
    this.#replaySocket?.close()
  }

  async *#live(frames: readonly Uint8Array[]): AsyncGenerator<KvEventNotice, void> {
    const message = parseLive(frames)
    if (!message.ok) {
      yield { kind: 'broken', topic: undefined, message: message.error.message }
      return
    }
    const { topic, sequence, payload } = message.value
    const tracker = this.#trackerOf(topic)
    if (tracker === undefined) {
      yield { kind: 'broken', topic, message: `more than ${TOPICS_MAX} publishers on one endpoint` }
      return
    }
    if (tracker.look(sequence, 'live').verdict === 'restart') {
      yield { kind: 'restart', topic }
      tracker.restart()
    }
    if (tracker.look(sequence, 'live').missing !== undefined && this.#subscription.replayEndpoint !== undefined) yield* this.#replay(tracker, topic)
    yield* take(tracker, { origin: 'live', topic, sequence, payload })
  }

  /** Asks for what follows the tracker's numbers; what is kept no longer shows as a gap before what is. */
  async *#replay(tracker: SequenceTracker, topic: string | undefined): AsyncGenerator<KvEventNotice, void> {
    const { replayEndpoint = '', replaySilenceMs = REPLAY_SILENCE_MS } = this.#subscription
    const silence = { sendTimeout: replaySilenceMs, receiveTimeout: replaySilenceMs }
    const socket = new this.#zeromq.Dealer({ linger: 0, maxMessageSize: limits.payloadBytes, ...silence })
    this.#replaySocket = socket
    try {
      const connected = connectSocket(socket, replayEndpoint)
      if (!connected.ok) yield { kind: 'broken', topic, message: connected.error }
      else if (!(await asked(socket, tracker.next))) yield { kind: 'broken', topic, message: noReplay(this.#subscription) }
      else yield* this.#answers(socket, tracker, topic)
    } finally {
      socket.close()
      this.#replaySocket = undefined
    }
  }

  async *#answers(socket: Dealer, tracker: SequenceTracker, topic: string | undefined): AsyncGenerator<KvEventNotice, void> {
    for (let batches = 0; batches < REPLAY_BATCHES_MAX; batches++) {
      const frames = await received(socket)
      if (frames === undefined) {
        if (!this.#socket.closed) yield { kind: 'broken', topic, message: noReplay(this.#subscription) }
        return
      }
      const message = parseReplayed(frames)
      if (!message.ok) yield { kind: 'broken', topic, message: message.error.message }
      else if (message.value === 'end') return
      else yield* take(tracker, { origin: 'replay', topic, ...message.value })
    }
    yield { kind: 'broken', topic, message: `a replay of more than ${REPLAY_BATCHES_MAX} batches was broken off` }
  }

  #trackerOf(topic: string): SequenceTracker | undefined {
    const key = this.#subscription.replayEndpoint === undefined ? topic : ONE_PUBLISHER
    const known = this.#trackers.get(key)
    if (known !== undefined || this.#trackers.size === TOPICS_MAX) return known
    const tracker = new SequenceTracker()
    this.#trackers.set(key, tracker)
    return tracker
  }
}

/** Where all messages come from one publisher their topics are not looked at. */
const ONE_PUBLISHER = ''

function noReplay({ replayEndpoint, replaySilenceMs = REPLAY_SILENCE_MS }: KvEventSubscription): string {
  return `${replayEndpoint}: no replay within ${replaySilenceMs} ms; what is missing stays missing`
}

/** What one batch comes to: nothing for a duplicate, else what is missing before it, and itself. */
function* take(
  tracker: SequenceTracker,
  message: { origin: 'live' | 'replay'; topic: string | undefined; sequence: number; payload: Uint8Array },
): Generator<KvEventNotice, void> {
  const { origin, topic, sequence, payload } = message
  const { verdict, missing } = tracker.take(sequence, origin)
  if (verdict === 'duplicate') return
  if (missing !== undefined) yield { kind: 'gap', topic, missing }
  const batch = decodeBatch(payload)
  if (batch.ok) yield { kind: 'batch', origin, topic, sequence, batch: batch.value }
  else yield { kind: 'broken', topic, message: `batch ${sequence}: ${batch.error.message}` }
}

async function asked(socket: Dealer, from: number): Promise<boolean> {
  try {
    await socket.send(replayRequest(from))
    return true
  } catch {
    // Nobody took it in time, or the subscriber was closed meanwhile.
    return false
  }
}

/** Undefined after silence, or when the socket was closed. */
async function received(socket: Dealer): Promise<readonly Uint8Array[] | undefined> {
  try {
    return await socket.receive()
  } catch {
    return undefined
  }
}

/** Ends when the socket is closed. */
async function tell(socket: Subscriber, onConnection: KvEventSubscription['onConnection']): Promise<void> {
  if (onConnection === undefined) return
  for await (const { type } of socket.events) {
    if (type === 'handshake') onConnection('connected')
    else if (type === 'disconnect') onConnection('disconnected')
  }
}
