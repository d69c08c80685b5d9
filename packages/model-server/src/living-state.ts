import type { Clock } from '@signalbox/base'
import type { EngineDialect, EngineOptions } from '@signalbox/engine'
import type { Registry } from '@signalbox/instruments'
import type { Tokenizer } from '@signalbox/tokenizers'
import { EngineLife } from './engine-life.ts'
import type { EngineLoop, Timers } from './engine-loop.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { GenerationOptions } from './generation.ts'
import type { KvEventPublisher } from './kv-event-publisher.ts'
import { Pairs } from './pairs.ts'
import type { AdapterModules, ServedModels } from './served-models.ts'
import { ServerLoad } from './server-load.ts'
import type { EngineRole, ServerState } from './server-state.ts'
import type { AnswerTexts } from './texts/answer-texts.ts'

export interface LivingStateOptions {
  readonly engine: EngineOptions
  readonly dialect: EngineDialect
  readonly tokenizer: Tokenizer
  readonly texts: AnswerTexts
  readonly adapters?: AdapterModules
  readonly role?: EngineRole
  readonly clock: Clock
  readonly timers: Timers
  readonly faults: FaultPlan
  readonly seed: number
  readonly startupMs: number
  readonly speed?: number
  readonly reportCachedTokens?: boolean
  readonly answerTokensMean?: number
  readonly bodyBytesMax?: number
  readonly events: KvEventPublisher | undefined
}

const BODY_BYTES_MAX = 64 * 1024 * 1024
const ANSWER_TOKENS_MEAN = 160

/** What outlives the engine, and the engine's current life. */
export class LivingState implements ServerState {
  readonly clock: Clock
  readonly timers: Timers
  readonly version: string
  readonly bodyBytesMax: number
  readonly faults: FaultPlan
  readonly role: EngineRole
  readonly events: KvEventPublisher | undefined
  readonly #options: LivingStateOptions
  readonly #load = new ServerLoad()
  #life: EngineLife
  #generation: GenerationOptions
  #pairs: Pairs

  constructor(options: LivingStateOptions) {
    this.clock = options.clock
    this.timers = options.timers
    this.version = `${options.dialect.vllmVersion}+simulated`
    this.bodyBytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX
    this.faults = options.faults
    this.role = options.role ?? 'both'
    this.events = options.events
    this.#options = options
    this.#life = this.#newLife(options.startupMs)
    this.#generation = this.#generationOf(this.#life)
    this.#pairs = new Pairs(this.#life)
  }

  get life(): EngineLife {
    return this.#life
  }

  get registry(): Registry {
    return this.#life.registry
  }

  get loop(): EngineLoop {
    return this.#life.loop
  }

  get models(): ServedModels {
    return this.#life.models
  }

  get pairs(): Pairs {
    return this.#pairs
  }

  get generation(): GenerationOptions {
    return this.#generation
  }

  nextEngineId(): string {
    return this.#life.nextRequestId()
  }

  /** Begins a new life, under the faults that are in force. The caller has ended the one before. */
  begin(startupMs: number): void {
    this.events?.restart()
    this.#life = this.#newLife(startupMs)
    this.#generation = this.#generationOf(this.#life)
    this.#pairs = new Pairs(this.#life)
    this.#life.loop.slow(this.faults.active('slowFactor') ?? 1)
    this.#life.limitKvBlocks(this.faults.active('kvBlocksMax'))
  }

  #newLife(startupMs: number): EngineLife {
    const { engine, dialect, adapters = {}, clock, timers, seed, speed = 1, events } = this.#options
    return new EngineLife({ engine, dialect, adapters, clock, timers, seed, speed, startupMs, events })
  }

  #generationOf(life: EngineLife): GenerationOptions {
    const { engine, loop } = life
    const { answerTokensMean = ANSWER_TOKENS_MEAN, reportCachedTokens = true, seed, tokenizer, texts } = this.#options
    return {
      loop,
      load: this.#load,
      faults: this.faults,
      contextTokensMax: engine.contextTokensMax,
      seed,
      answerTokensMean,
      reportCachedTokens,
      tokenizer,
      texts,
    }
  }
}
