import { PREFIX_BLOCK_BYTES } from '@signalbox/scheduler'
import type { Tokenizer } from '@signalbox/tokenizers'
import { type Arrival, chatMessages, type RecordedRequest } from './conversations.ts'
import type { Outcome } from './fleet.ts'
import { mean, rounded } from './statistics.ts'

const BLOCK_TOKENS = 16

/** What one cause adds to the error of a request, over all requests: tokens, signed, and without sign. */
export interface Cause {
  readonly cause: string
  readonly meanTokens: number
  readonly meanAbsoluteTokens: number
  /** Share of requests that it touches by more than 16 tokens. */
  readonly touchedRatio: number
}

/** What stands between delivered and predicted tokens: `common` to any way of predicting from such an index, then of each way its own. */
export interface Causes {
  readonly common: readonly Cause[]
  readonly before: readonly Cause[]
  readonly after: readonly Cause[]
}

/**
 * Attributes the error of each request to causes, one by one: between the tokens that were delivered and those that were predicted lie
 * values that differ from their neighbour in one respect only, so that the differences add up to the error exactly.
 *
 * `real`: outcomes on one endpoint, `roomy` the same with a cache that never evicts, `before` what was predicted with one ratio a model.
 */
export function causesOf(
  requests: readonly RecordedRequest[],
  arrivals: readonly Arrival[],
  runs: { readonly real: readonly Outcome[]; readonly roomy: readonly Outcome[]; readonly before: readonly Outcome[] },
  tokenizer: Tokenizer,
): Causes {
  const maps = requests.map((request, index) => new PromptMap(request, arrivals[index] as Arrival, tokenizer))
  const common: number[][] = []
  const before: number[][] = []
  const after: number[][] = []
  for (const [index, map] of maps.entries()) {
    const real = runs.real[index] as Outcome
    const roomy = runs.roomy[index] as Outcome
    const old = runs.before[index] as Outcome
    const shared = sharedWithEarlier(map, maps.slice(0, index))
    const tokens = map.promptTokens.length
    const mayHit = floorTo(tokens - 1, BLOCK_TOKENS)
    const seen = map.tokensWithin(real.hitBytes)
    common.push([
      real.cachedTokens,
      roomy.cachedTokens,
      Math.min(mayHit, floorTo(shared.withAnswer, BLOCK_TOKENS)),
      Math.min(mayHit, floorTo(shared.tokens, BLOCK_TOKENS)),
      floorTo(shared.tokens, BLOCK_TOKENS),
      shared.tokens,
      map.tokensWithin(shared.bytes),
      map.tokensWithin(floorTo(shared.bytes, PREFIX_BLOCK_BYTES)),
      seen,
    ])
    const header = map.tokensWithin(0)
    const ratio = real.hitBytes / map.promptBytes.length
    before.push([
      seen,
      header + ((tokens - header) * map.textWithin(real.hitBytes)) / map.textBytes,
      header + (tokens - header) * ratio,
      tokens * ratio,
      old.predictedCachedTokens,
    ])
    after.push([seen, real.predictedCachedTokens])
  }
  return {
    common: differences(common, [
      'the engine evicted it',
      'still being computed when the next one came',
      'generated answers, which the index gets with the next turn only',
      'the last token is always computed',
      'token blocks of 16',
      'JSON between messages, where prompts part',
      'byte blocks of 256',
      "the index's own capacity and order",
    ]),
    before: differences(before, [
      'bytes a token differ within the prompt',
      'escapes and syntax of JSON',
      "the template's own tokens",
      "the model's mean bytes a token are not this prompt's",
    ]),
    after: differences(after, ['bytes taken for tokens, all together']),
  }
}

/** The longest prefix that a prompt shares with an earlier one, in tokens, in tokens with the earlier one's answer, and in bytes. */
function sharedWithEarlier(map: PromptMap, earlier: readonly PromptMap[]) {
  const longest = { tokens: 0, withAnswer: 0, bytes: 0 }
  for (const other of earlier) {
    longest.tokens = Math.max(longest.tokens, common(map.promptTokens, other.promptTokens))
    longest.withAnswer = Math.max(longest.withAnswer, common(map.promptTokens, other.withAnswer))
    longest.bytes = Math.max(longest.bytes, common(map.promptBytes, other.promptBytes))
  }
  return longest
}

/** `rows`: of each request, values of which each differs from the one before by one cause. */
function differences(rows: readonly (readonly number[])[], names: readonly string[]): Cause[] {
  return names.map((cause, at) => {
    const added = rows.map((row) => (row[at + 1] as number) - (row[at] as number))
    return {
      cause,
      meanTokens: rounded(mean(added), 1),
      meanAbsoluteTokens: rounded(mean(added.map(Math.abs)), 1),
      touchedRatio: rounded(added.filter((tokens) => Math.abs(tokens) > BLOCK_TOKENS).length / added.length, 3),
    }
  })
}

/** A prompt in bytes and in tokens, and which tokens lie within its first bytes. */
class PromptMap {
  readonly promptTokens: Uint32Array
  /** Prompt and answer, but for the last token of the answer, whose keys and values are never computed. */
  readonly withAnswer: Uint32Array
  /** The `messages` value of the body. */
  readonly promptBytes: Uint8Array
  /** Bytes of all contents together, unescaped. */
  readonly textBytes: number
  /** After so many bytes of the body's prompt, so many tokens and so many bytes of content are complete; rising. */
  readonly #marks: { readonly bytes: number; readonly tokens: number; readonly text: number }[] = []

  constructor(request: RecordedRequest, { body, promptTokens, answerTokens }: Arrival, tokenizer: Tokenizer) {
    this.promptTokens = promptTokens
    this.withAnswer = new Uint32Array(promptTokens.length + answerTokens.length - 1)
    this.withAnswer.set(promptTokens)
    this.withAnswer.set(answerTokens.subarray(0, -1), promptTokens.length)
    const start = body.indexOf('"messages":') + '"messages":'.length
    this.promptBytes = body.subarray(start, body.lastIndexOf('],"stream"') + 1)
    const messages = chatMessages(request)
    let text = 0
    let from = 0
    for (const [index, { content }] of request.messages.entries()) {
      // Tokens before this message's content: a conversation cut here, less the opening of the answer's turn, plus that of this one.
      const cut = tokenizer.encodeChat({ messages: [...messages.slice(0, index), { role: messages[index]?.role ?? '', parts: [] }] })
      const tokens = cut.length - ANSWER_OPENING_TOKENS - 1
      let bytes = Buffer.from(this.promptBytes.buffer, this.promptBytes.byteOffset, this.promptBytes.length).indexOf('"content":"', from) + 11
      this.#marks.push({ bytes: index === 0 ? 0 : bytes, tokens, text })
      const decoder = tokenizer.decoder()
      const encoded = tokenizer.encode(content)
      for (const [at, token] of encoded.entries()) {
        const said = decoder.push(token)
        if (said === '') continue
        bytes += Buffer.byteLength(JSON.stringify(said)) - 2
        text += Buffer.byteLength(said)
        this.#marks.push({ bytes, tokens: tokens + at + 1, text })
      }
      from = bytes
    }
    this.textBytes = Math.max(1, text)
    this.#marks.push({ bytes: this.promptBytes.length, tokens: promptTokens.length, text })
  }

  tokensWithin(bytes: number): number {
    return this.#mark(bytes).tokens
  }

  textWithin(bytes: number): number {
    return this.#mark(bytes).text
  }

  #mark(bytes: number) {
    return this.#marks.findLast((mark) => mark.bytes <= bytes) ?? { tokens: 0, text: 0 }
  }
}

/** `<|start|>assistant<|channel|>final<|message|>`. */
const ANSWER_OPENING_TOKENS = 5

function common(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length)
  let at = 0
  while (at < most && a[at] === b[at]) at += 1
  return at
}

function floorTo(value: number, unit: number): number {
  return Math.floor(value / unit) * unit
}
