import { Agent, request } from 'node:http'
import { exponential, type Random } from '@signalbox/base'
import { Conversations } from './conversations.ts'

export interface DemoTrafficOptions {
  /** The gateway's address. */
  readonly url: string
  readonly model: string
  readonly requestsPerSecond: number
  readonly random: Random
}

/** People who talk at once. */
const CONVERSATIONS = 12
const IN_FLIGHT_MAX = 16
const ANSWER_BYTES_MAX = 1_000_000
const TIMEOUT_MS = 60_000
/** Share of requests that stream, and of streams that their reader leaves early. */
const STREAMED = 0.75
const LEFT_EARLY = 0.03

/**
 * Gentle traffic for a demonstration: a Poisson process of chat turns, marked by its user agent and tenant so that
 * nobody takes it for real. Failures are left to the gateway's own books: the next turn comes anyway.
 */
export class DemoTraffic {
  readonly #options: DemoTrafficOptions
  readonly #conversations: Conversations
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX })
  #timer: NodeJS.Timeout | undefined
  #inFlight = 0

  constructor(options: DemoTrafficOptions) {
    this.#options = options
    this.#conversations = new Conversations(options.random, CONVERSATIONS)
  }

  start(): void {
    const { random, requestsPerSecond } = this.#options
    this.#timer = setTimeout(
      () => {
        this.#send()
        this.start()
      },
      exponential(random, 1_000 / requestsPerSecond),
    )
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#agent.destroy()
  }

  #send(): void {
    const turn = this.#inFlight < IN_FLIGHT_MAX ? this.#conversations.next() : undefined
    if (turn === undefined) return
    const { random, model } = this.#options
    const stream = random.next() < STREAMED
    const leaves = stream && random.next() < LEFT_EARLY
    this.#inFlight += 1
    const done = (text: string | undefined): void => {
      this.#inFlight -= 1
      turn.answered(text)
    }
    this.#post(JSON.stringify({ model, messages: turn.messages, stream, max_tokens: 160 }), leaves, (answer) =>
      done(answer === undefined ? undefined : textOf(answer, stream)),
    )
  }

  /** Calls back exactly once: with the answer's body, or undefined when there was none. */
  #post(body: string, leaves: boolean, done: (answer: string | undefined) => void): void {
    let answer = ''
    const outgoing = request(
      `${this.#options.url}/v1/chat/completions`,
      {
        method: 'POST',
        agent: this.#agent,
        timeout: TIMEOUT_MS,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'signalbox-demo-traffic',
          'x-llm-d-inference-fairness-id': 'demo-traffic',
        },
      },
      (incoming) => {
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          if (answer.length < ANSWER_BYTES_MAX) answer += chunk
          if (leaves && answer.length > 2_000) outgoing.destroy()
        })
        incoming.on('error', () => undefined)
        answered = true
        incoming.on('close', () => settle(incoming.complete && incoming.statusCode === 200 ? answer : undefined))
      },
    )
    // The request closes before its answer does: once there is an answer, only that one's end counts.
    let answered = false
    let settled = false
    const settle = (text: string | undefined): void => {
      if (settled) return
      settled = true
      done(text)
    }
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => settle(undefined))
    outgoing.on('close', () => {
      if (!answered) settle(undefined)
    })
    outgoing.end(body)
  }
}

/** The assistant's text, from one JSON answer or from the deltas of a stream; undefined when there is none. */
export function textOf(answer: string, stream: boolean): string | undefined {
  try {
    if (!stream) return contentOf(JSON.parse(answer), 'message')
    let text = ''
    for (const line of answer.split('\n')) {
      if (line.startsWith('data: {')) text += contentOf(JSON.parse(line.slice(6)), 'delta') ?? ''
    }
    return text === '' ? undefined : text
  } catch {
    // An answer that is no JSON ends the conversation; the gateway has counted why.
    return undefined
  }
}

function contentOf(answer: unknown, part: 'message' | 'delta'): string | undefined {
  const choices = (answer as { choices?: { [key in 'message' | 'delta']?: { content?: unknown } }[] }).choices
  const content = choices?.[0]?.[part]?.content
  return typeof content === 'string' ? content : undefined
}
