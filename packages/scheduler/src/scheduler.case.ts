import { assert, type Random, seededRandom, VirtualClock } from '@signalbox/base'
import type { Assignment } from './assignment.ts'
import type { Feed } from './feed.ts'
import { policies } from './policies.ts'
import type { PolicyPlugin } from './policy.ts'
import { prefixHashes } from './prefix-hash.ts'
import { Scheduler, type SchedulerOptions } from './scheduler.ts'
import type { EngineState, RequestSummary } from './types.ts'

/** What a test says of an engine; the rest is idle, with 1M tokens of KV cache, serving `m`. */
export type EngineSays = Partial<EngineState>

/** What a test says of a request; the rest is a streamed one for `m`. `prompt` is repeated up to `bytes`. */
export interface RequestSays extends Partial<Pick<RequestSummary, 'model' | 'stream' | 'images'>> {
  readonly prompt?: string
  readonly bytes?: number
}

export interface WorldOptions extends SchedulerOptions {
  readonly plugin?: PolicyPlugin
  readonly parameters?: unknown
  readonly random?: Random
  readonly feed?: Feed
}

/** A scheduler in virtual time with a short language for tests and benchmarks. */
export class World {
  readonly clock = new VirtualClock()
  readonly scheduler: Scheduler
  #requests = 0

  /** Endpoints by id; undefined: never polled. */
  constructor(engines: Readonly<Record<string, EngineSays | undefined>>, options: WorldOptions = {}) {
    const random = options.random ?? seededRandom(1)
    const plugin = options.plugin ?? policies.get('least-cost')
    assert(plugin !== undefined, 'least-cost is registered')
    const policy = plugin.create(options.parameters, { random })
    this.scheduler = new Scheduler(options, { clock: this.clock, random, policy, feed: options.feed })
    this.endpoints(Object.keys(engines))
    this.poll(engines)
  }

  endpoints(ids: readonly string[]): void {
    this.scheduler.setEndpoints(ids.map((id) => ({ id, url: `http://${id}:8000`, simulated: true })))
  }

  /** A poll of each named engine begins and succeeds now. */
  poll(engines: Readonly<Record<string, EngineSays | undefined>>): void {
    for (const [id, says] of Object.entries(engines)) if (says !== undefined) this.scheduler.stateObserved(id, engineState(says), this.clock.nowMs())
  }

  request(says: RequestSays = {}): RequestSummary {
    this.#requests += 1
    return requestSummary(`r${this.#requests}`, says)
  }

  /** Sends a request, which must find an endpoint. */
  send(says: RequestSays = {}): Assignment {
    const result = this.scheduler.pick(this.request(says), [])
    assert(result.ok, `no endpoint: ${result.ok ? '' : result.detail}`)
    return result.assignment
  }

  /** The endpoint id that a request goes to; it ends at once, so that nothing stays reserved. */
  choice(says: RequestSays = {}): string {
    const assignment = this.send(says)
    assignment.end({ kind: 'cancelled' })
    return assignment.endpoint.id
  }

  /** A whole request that `id` answers, whatever the scheduler would choose: leaves its prompt in the index there. */
  warm(id: string, says: RequestSays): void {
    const others = this.scheduler
      .endpoints()
      .map((endpoint) => endpoint.id)
      .filter((other) => other !== id)
    const result = this.scheduler.pick(this.request(says), others)
    assert(result.ok, `${id} takes no request`)
    result.assignment.firstContent()
    result.assignment.end({ kind: 'finished' })
  }
}

export function engineState(says: EngineSays = {}): EngineState {
  return { runningRequests: 0, waitingRequests: 0, kvUsageRatio: 0, kvCapacityTokens: 1_000_000, models: ['m'], adaptersLoaded: [], ...says }
}

export function requestSummary(id: string, says: RequestSays = {}): RequestSummary {
  const bytes = says.bytes ?? 4096
  const prompt = new TextEncoder().encode((says.prompt ?? id).padEnd(8, '.').repeat(Math.ceil(bytes / 8))).subarray(0, bytes)
  const model = says.model ?? 'm'
  return {
    id,
    path: '/v1/chat/completions',
    model,
    stream: says.stream ?? true,
    priority: 0,
    fairnessId: '',
    promptBytes: prompt.length,
    images: says.images ?? 0,
    prefixHashes: prefixHashes(prompt, 0, prompt.length, model),
    outputTokensMax: undefined,
  }
}
