import type { IncomingMessage } from 'node:http'
import type { Clock } from '@signalbox/base'
import type { BatchOutcome, Store } from '../ports.ts'
import { type Reply, textReply } from '../reply.ts'
import { readBody } from '../request-body.ts'
import { SeriesHandles } from './series-handles.ts'
import { inflateBlock } from './snappy-block.ts'
import { decodeWriteRequest, type WriteRequest } from './write-request.ts'
import { labelsOfWritten } from './written-labels.ts'

export interface RemoteWriteLimits {
  /** Of a body as it travels, and of what it holds. */
  readonly bodyBytesMax: number
  readonly decompressedBytesMax: number
  /** Bodies held at the same time; more are refused. */
  readonly requestsMax: number
}

const limitsDefault: RemoteWriteLimits = { bodyBytesMax: 32 * 1024 * 1024, decompressedBytesMax: 64 * 1024 * 1024, requestsMax: 16 }

/** Samples further in the future than this are dropped, as those of a scraped page. */
const AHEAD_MS_MAX = 10 * 60_000

const RETRY_AFTER_SECONDS = '5'

/**
 * The receiving side of Prometheus remote write 1.0: a POST with a snappy block of one protobuf message. 204: every sample is in the store.
 * 400: some never will be, the others are; the body says how many and why, and senders do not repeat it. 413: over a limit. 415: not remote
 * write 1.0, so that a sender of 2.0 falls back. 503: the store is behind or down, senders try again; a series' newest sample may be
 * repeated. SOURCE: Prometheus remote write 1.0 specification.
 */
export class RemoteWriteReceiver {
  readonly #store: Store
  readonly #clock: Clock
  readonly #limits: RemoteWriteLimits
  readonly #handles: SeriesHandles
  #underWay = 0

  constructor(deps: { readonly store: Store; readonly clock: Clock; readonly limits?: Partial<RemoteWriteLimits> }) {
    this.#store = deps.store
    this.#clock = deps.clock
    this.#limits = { ...limitsDefault, ...deps.limits }
    this.#handles = new SeriesHandles(deps.store)
  }

  async handle(request: IncomingMessage): Promise<Reply> {
    const wrong = unsupported(request)
    if (wrong !== undefined) return textReply(415, wrong)
    const { bodyBytesMax, requestsMax } = this.#limits
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return tooLarge(bodyBytesMax)
    if (!this.#store.up) return unavailable('the store is restarting')
    if (this.#underWay >= requestsMax) return unavailable(`${requestsMax} writes are under way`)
    this.#underWay += 1
    try {
      const body = await readBody(request, bodyBytesMax)
      if (!body.ok) return body.error === 'cut' ? textReply(400, 'the body was cut') : tooLarge(bodyBytesMax)
      return await this.#write(body.value)
    } finally {
      this.#underWay -= 1
    }
  }

  async #write(body: Uint8Array): Promise<Reply> {
    const message = inflateBlock(body, this.#limits.decompressedBytesMax)
    if (!message.ok) return textReply(message.error.code === 'corrupt' ? 400 : 413, message.error.message)
    const decoded = decodeWriteRequest(message.value)
    if (!decoded.ok) return textReply(decoded.error.code === 'corrupt' ? 400 : 413, decoded.error.message)
    const problems = this.#append(decoded.value)
    const written = await this.#store.appender.commitCounted()
    if (!written.ok) return unavailable(written.error.message)
    problems.push(...problemsOf(written.value))
    if (problems.length === 0) return { status: 204, contentType: 'text/plain', body: '' }
    return textReply(400, `${problems.join('; ')}; ${written.value.kept} samples are stored`)
  }

  /** Hands over what can be stored and answers what cannot, in words. */
  #append(request: WriteRequest): string[] {
    const aheadMs = this.#clock.nowMs() + AHEAD_MS_MAX
    let ahead = 0
    let badSeries = 0
    let reason = ''
    for (const series of request.series) {
      const labels = labelsOfWritten(series)
      if (!labels.ok) {
        badSeries += 1
        if (reason === '') reason = labels.error
        continue
      }
      // A series without samples must not push one that has some out of the handles.
      if (series.from === series.to) continue
      const handle = this.#handles.of(labels.value)
      for (let i = series.from; i < series.to; i++) {
        const timestampMs = request.timestampsMs[i] as number
        if (timestampMs > aheadMs) ahead += 1
        else this.#store.appender.append(handle, timestampMs, request.values[i] as number)
      }
    }
    const problems: string[] = []
    if (badSeries > 0) problems.push(`invalid labels in ${badSeries} series, the first time because ${reason}`)
    if (ahead > 0) problems.push(`${ahead} samples are more than 10 minutes ahead of the clock`)
    if (request.histograms > 0) problems.push(`${request.histograms} native histograms cannot be stored`)
    return problems
  }
}

/** Why the body is not what remote write 1.0 sends. The type is required: a page of another site can post without one, unasked. */
function unsupported(request: IncomingMessage): string | undefined {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase())
  if (type !== 'application/x-protobuf') return 'remote write is application/x-protobuf'
  const proto = parameters.find((parameter) => parameter.startsWith('proto='))
  if (proto !== undefined && proto !== 'proto=prometheus.writerequest')
    return `remote write 1.0 (proto=prometheus.WriteRequest) is what is understood here`
  const encoding = (request.headers['content-encoding'] ?? '').toLowerCase()
  return encoding === 'snappy' ? undefined : 'remote write is sent with content-encoding snappy'
}

function problemsOf(outcome: BatchOutcome): string[] {
  const problems: string[] = []
  if (outcome.outOfOrder > 0) problems.push(`out of order sample: ${outcome.outOfOrder} are older than what their series hold`)
  if (outcome.duplicates > 0) problems.push(`duplicate sample for timestamp: ${outcome.duplicates} have another value than what is stored`)
  if (outcome.refused > 0) problems.push(`series limit: ${outcome.refused} samples are of new series that the store refuses`)
  return problems
}

function unavailable(reason: string): Reply {
  return { ...textReply(503, reason), headers: { 'retry-after': RETRY_AFTER_SECONDS } }
}

function tooLarge(bytesMax: number): Reply {
  return textReply(413, `the body is larger than ${bytesMax} bytes`)
}
