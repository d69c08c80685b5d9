import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Clock, failure, ok, type Result, Ring } from '@signalbox/base'
import type { KvEventSink, StoredBlocks } from '@signalbox/engine'
import {
  type Encoding,
  encodeBatch,
  type HashForm,
  type KvEvent,
  limits,
  liveFrames,
  parseReplayRequest,
  replayEnd,
  replayFrames,
} from '@signalbox/kv-events'
import { bindSocket, connectSocket, isBindEndpoint, loadZeromq, unbindSocket, type Zeromq } from '@signalbox/node'
import { ReplayBuffer } from './replay-buffer.ts'

type Publisher = InstanceType<Zeromq['Publisher']>
type Router = InstanceType<Zeromq['Router']>

/** Where and how a server publishes what enters and leaves its prefix cache. SOURCE of defaults: vLLM's `--kv-events-config`, `reference/vllm.md` §4. */
export interface KvEventOptions {
  /** Such as `tcp://*:5557`, or `tcp://127.0.0.1:*` for a port that the system chooses. */
  readonly endpoint: string
  /** Whether the endpoint is bound, or connected to. Default: bound where it has `*` or `::` or is ipc or inproc. */
  readonly bind?: boolean
  /** Where it answers for what a subscriber missed; always bound. Default: nowhere. */
  readonly replayEndpoint?: string
  /** `topicOf` makes the usual one. */
  readonly topic: string
  readonly encoding: Encoding
  readonly hashes: HashForm
  /** Batches kept for replay. Default 10,000. */
  readonly bufferSteps?: number
  /** Bytes kept for replay. Default 64 MiB. */
  readonly bufferBytesMax?: number
  /** Batches that may wait for one slow subscriber before it loses some. Default 10,000: what is lost is still in the replay; vLLM's is 100,000. */
  readonly highWaterMark?: number
}

/** How a publisher stands, as `GET /simulator/events` shows it. */
export interface KvEventState {
  readonly endpoint: string
  readonly replayEndpoint: string | null
  readonly topic: string
  /** Sequence number of the next batch. */
  readonly nextSequence: number
  /** The smallest number that can be replayed. */
  readonly oldestSequence: number
  readonly bufferedBytes: number
  /** Batches still to be withheld. */
  readonly batchesToSkip: number
  /** Withheld on purpose. */
  readonly batchesSkipped: number
  /** Not sent because too many waited. Those that subscribers lost by their own slowness are not known here. */
  readonly batchesDropped: number
  readonly replaysServed: number
  /** Requests for a replay that were none, or whose client read too slowly. */
  readonly replaysFailed: number
}

const BUFFER_STEPS = 10_000
const BUFFER_BYTES_MAX = 64 * 1024 * 1024
const HIGH_WATER_MARK = 10_000
const QUEUE_MAX = 10_000
/** vLLM's servers without data parallelism say 0, not nothing. */
const RANK = 0
/** Pause before a client that takes no more is tried again, tries in a row, and tries in all: 5 s of silence, a minute of waiting. */
const RETRY_MS = 5
const RETRIES_IN_A_ROW_MAX = 1_000
const RETRIES_MAX = 12_000
/** Batches replayed before other work gets its turn. */
const REPLAY_PER_TURN = 256

/**
 * Publishes an engine's KV-cache events in vLLM's frames: PUB, and ROUTER for replay.
 *
 *     engine -> pending -> batch (sequence number) -> replay buffer
 *                                                 \-> queue -> PUB          but not while `skip` withholds
 *
 * The events of one step, or of one turn where steps are made up for, are one batch, sent before other work gets its turn. A batch
 * has its number whether it is sent or not, so that a subscriber sees every loss as a gap and can have it replayed.
 */
export class KvEventPublisher implements KvEventSink {
  readonly #options: KvEventOptions
  readonly #clock: Clock
  readonly #sockets: Sockets
  #buffer: ReplayBuffer
  readonly #queue = new Ring<Uint8Array[]>(QUEUE_MAX)
  #pending: KvEvent[] = []
  #pendingTokens = 0
  #flushIsDue = false
  #sending: Promise<void> | undefined
  #batchesToSkip = 0
  #batchesSkipped = 0
  #batchesDropped = 0
  #replaysServed = 0
  #replaysFailed = 0
  #closed = false

  private constructor(options: KvEventOptions, clock: Clock, sockets: Sockets) {
    this.#options = options
    this.#clock = clock
    this.#sockets = sockets
    this.#buffer = bufferOf(options)
    if (sockets.router !== undefined) void this.#serveReplays(sockets.router)
  }

  /** Opens the sockets. The failure is a sentence that names the endpoint, or says that this platform has no ZeroMQ. */
  static async open(options: KvEventOptions, clock: Clock): Promise<Result<KvEventPublisher, string>> {
    const sockets = await openSockets(options)
    return sockets.ok ? ok(new KvEventPublisher(options, clock, sockets.value)) : sockets
  }

  get state(): KvEventState {
    return {
      endpoint: this.#sockets.endpoint,
      replayEndpoint: this.#sockets.replayEndpoint ?? null,
      topic: this.#options.topic,
      nextSequence: this.#buffer.next,
      oldestSequence: this.#buffer.oldest,
      bufferedBytes: this.#buffer.bytes,
      batchesToSkip: this.#batchesToSkip,
      batchesSkipped: this.#batchesSkipped,
      batchesDropped: this.#batchesDropped,
      replaysServed: this.#replaysServed,
      replaysFailed: this.#replaysFailed,
    }
  }

  stored({ hashes, parent, tokens, blockTokens, adapter }: StoredBlocks): void {
    this.#pendingTokens += tokens.length
    this.#add({
      type: 'stored',
      hashes: hashes.map(BigInt),
      parent: parent === undefined ? undefined : BigInt(parent),
      tokens: Array.from(tokens),
      blockTokens,
      adapter,
      medium: 'GPU',
    })
  }

  removed(hashes: readonly number[]): void {
    this.#add({ type: 'removed', hashes: hashes.map(BigInt), medium: 'GPU' })
  }

  cleared(): void {
    this.#add({ type: 'cleared' })
  }

  /** Withholds so many of the next batches from subscribers: they have their numbers and can be replayed. */
  skip(batches: number): void {
    this.#batchesToSkip += batches
  }

  /** Goes on as a new process would: numbers begin at 0, and nothing of before is sent or can be replayed. */
  restart(): void {
    this.#pending = []
    this.#pendingTokens = 0
    this.#batchesToSkip = 0
    while (this.#queue.shift() !== undefined);
    this.#buffer = bufferOf(this.#options)
  }

  /** Sends what is left and frees the ports. Events that come later are ignored. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    await this.#sending
    await closeSockets(this.#sockets)
  }

  #add(event: KvEvent): void {
    if (this.#closed) return
    this.#pending.push(event)
    // A payload stays under its limit even where one turn makes up for many steps.
    if (this.#pendingTokens >= limits.tokensOfEvent || this.#pending.length >= limits.eventsOfBatch) this.#flush()
    else if (!this.#flushIsDue) {
      this.#flushIsDue = true
      queueMicrotask(() => {
        this.#flushIsDue = false
        this.#flush()
      })
    }
  }

  #flush(): void {
    if (this.#closed || this.#pending.length === 0) return
    const batch = { ts: this.#clock.nowMs() / 1000, events: this.#pending, dataParallelRank: RANK }
    this.#pending = []
    this.#pendingTokens = 0
    const payload = encodeBatch(batch, this.#options.encoding, this.#options.hashes)
    const sequence = this.#buffer.add(payload)
    if (this.#batchesToSkip > 0) {
      this.#batchesToSkip -= 1
      this.#batchesSkipped += 1
    } else if (this.#queue.push(liveFrames({ topic: this.#options.topic, sequence, payload }))) this.#sending ??= this.#send()
    else this.#batchesDropped += 1
  }

  /** One send at a time, as the socket demands. A PUB socket never makes its sender wait. */
  async #send(): Promise<void> {
    for (let frames = this.#queue.shift(); frames !== undefined; frames = this.#queue.shift()) {
      try {
        await this.#sockets.publisher.send(frames)
      } catch {
        // The socket could not take it. Subscribers see the gap.
        this.#batchesDropped += 1
      }
    }
    this.#sending = undefined
  }

  /** One client after the other, until the socket is closed. */
  async #serveReplays(router: Router): Promise<void> {
    try {
      for await (const [client, ...frames] of router) {
        const from = parseReplayRequest(frames)
        const isServed = client !== undefined && from.ok && (await this.#replay(router, client, from.value))
        if (isServed) this.#replaysServed += 1
        else this.#replaysFailed += 1
      }
    } catch (error) {
      // A socket that is being unbound refuses to be read.
      if (!this.#closed) throw error
    }
  }

  /** Sends what is kept from `from` to now, and the end; false when the client went away or did not read. */
  async #replay(router: Router, client: Uint8Array, from: number): Promise<boolean> {
    const retries = { left: RETRIES_MAX }
    // Of this life, even where the next one begins meanwhile.
    const buffer = this.#buffer
    const until = buffer.next
    let sent = 0
    for (let sequence = Math.max(from, buffer.oldest); sequence < until; sequence++) {
      const payload = buffer.at(sequence)
      // It left the buffer while older ones were being sent.
      if (payload === undefined) continue
      if (!(await sendTo(router, [client, ...replayFrames({ sequence, payload })], retries))) return false
      sent += 1
      if (sent % REPLAY_PER_TURN === 0) await setImmediate()
    }
    return sendTo(router, [client, ...replayEnd()], retries)
  }
}

function bufferOf({ bufferSteps = BUFFER_STEPS, bufferBytesMax = BUFFER_BYTES_MAX }: KvEventOptions): ReplayBuffer {
  return new ReplayBuffer({ payloadsMax: bufferSteps, bytesMax: bufferBytesMax })
}

/** False when the client is gone, takes nothing for 5 s, or has used up its retries. */
async function sendTo(router: Router, frames: Uint8Array[], retries: { left: number }): Promise<boolean> {
  for (let tries = 0; tries < RETRIES_IN_A_ROW_MAX && !router.closed; tries++) {
    try {
      await router.send(frames)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || retries.left === 0) return false
    }
    retries.left -= 1
    await setTimeout(RETRY_MS)
  }
  return false
}

interface Sockets {
  readonly publisher: Publisher
  readonly endpoint: string
  readonly isBound: boolean
  readonly router: Router | undefined
  readonly replayEndpoint: string | undefined
}

async function openSockets(options: KvEventOptions): Promise<Result<Sockets, string>> {
  const loaded = await loadZeromq()
  if (!loaded.ok) return loaded
  const zeromq = loaded.value
  const publisher = new zeromq.Publisher({ linger: 0, sendHighWaterMark: options.highWaterMark ?? HIGH_WATER_MARK })
  const isBound = options.bind ?? isBindEndpoint(options.endpoint)
  const endpoint = isBound ? await bindSocket(publisher, options.endpoint) : connectSocket(publisher, options.endpoint)
  if (!endpoint.ok) {
    publisher.close()
    return endpoint
  }
  const open = { publisher, endpoint: endpoint.value ?? options.endpoint, isBound }
  if (options.replayEndpoint === undefined) return ok({ ...open, router: undefined, replayEndpoint: undefined })
  // Without `mandatory` a client whose queue is full would lose the rest of its replay, the end included, without a word.
  const router = new zeromq.Router({ linger: 0, mandatory: true, sendTimeout: 0, maxMessageSize: REQUEST_BYTES_MAX })
  const replayEndpoint = await bindSocket(router, options.replayEndpoint)
  if (replayEndpoint.ok) return ok({ ...open, router, replayEndpoint: replayEndpoint.value })
  router.close()
  await closeSockets({ ...open, router: undefined, replayEndpoint: undefined })
  return failure(replayEndpoint.error)
}

/** A request is an empty frame and eight bytes. */
const REQUEST_BYTES_MAX = 64

/** Ports are free when it resolves: closing alone leaves that to a thread in the background. */
async function closeSockets({ publisher, endpoint, isBound, router, replayEndpoint }: Sockets): Promise<void> {
  if (isBound) await unbindSocket(publisher, endpoint)
  publisher.close()
  if (router === undefined || replayEndpoint === undefined) return
  // A replay under way ends at its next send.
  await unbindSocket(router, replayEndpoint)
  router.close()
}
