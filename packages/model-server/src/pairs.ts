import type { Socket } from 'node:net'
import { failure, ok, type Result } from '@signalbox/base'
import type { EngineEvent, EngineRequest } from '@signalbox/engine'
import { type ApiError, badRequest } from './api-error.ts'
import type { JsonObject } from './body.ts'
import type { EngineLife } from './engine-life.ts'
import { KvReleases } from './kv-releases.ts'
import { parseTransfer, type RemoteBlocks } from './kv-transfer.ts'

/** What one request has to do with another engine. */
export interface PairPart {
  /** What the engine is told of it. */
  readonly engineFields: Pick<EngineRequest, 'holdBlocks' | 'remotePrefill'>
  /** The other engine's blocks are here, or will never be needed: its first token, or its end. Any number of times. */
  fetched(): void
  /** The answer's `kv_transfer_params`, once the engine has ended the request that it calls `id`; at most once. */
  ended(id: string, end: { readonly reason: (EngineEvent & { type: 'finish' })['reason']; readonly promptTokens: number }): JsonObject | null
}

const ALONE: PairPart = { engineFields: {}, fetched: () => undefined, ended: () => null }

/**
 * Requests that are one half of a prefill/decode pair, as vLLM's NIXL connector has them. An engine without transfers takes every
 * request for a whole one, as vLLM without a connector does. SOURCE: `reference/vllm.md` §3.10.
 */
export class Pairs {
  readonly #life: EngineLife
  readonly #releases: KvReleases | undefined

  constructor(life: EngineLife) {
    this.#life = life
    const { kvTransfer, model } = life.engine.options
    if (kvTransfer === undefined) return
    const failed = life.registry.counter('engine.kv_notifications_failed').with(model, '0')
    this.#releases = new KvReleases(() => failed.inc())
  }

  /** `socket`: the request's own; where it came to is where this engine is found. `answers`: a half has one alone. */
  part(params: JsonObject | undefined, { socket, answers }: { readonly socket: Socket; readonly answers: number }): Result<PairPart, ApiError> {
    const releases = this.#releases
    if (releases === undefined) return ok(ALONE)
    const half = parseTransfer(params)
    if (!half.ok) return half
    if (half.value === undefined) return ok(ALONE)
    if (answers !== 1) return failure(badRequest('kv_transfer_params go with one prompt and one answer', 'kv_transfer_params'))
    return ok(half.value.kind === 'prefill' ? this.#prefill(addressOf(socket)) : decode(half.value.remote, releases))
  }

  #prefill({ host, port }: { readonly host: string; readonly port: number }): PairPart {
    const life = this.#life
    return {
      ...ALONE,
      engineFields: { holdBlocks: true },
      ended(id, { reason, promptTokens }) {
        const blocks = life.engine.heldBlocksOf(id)
        if (blocks === undefined) return null
        if (reason !== 'length') {
          // It has said all it had to say: there is nothing to decode elsewhere.
          life.releaseHeld(id)
          return null
        }
        return {
          do_remote_prefill: true,
          do_remote_decode: false,
          remote_block_ids: blocks,
          remote_engine_id: life.id,
          remote_request_id: id,
          remote_host: host,
          remote_port: port,
          tp_size: 1,
          remote_num_tokens: promptTokens,
        }
      },
    }
  }
}

function decode(remote: RemoteBlocks, releases: KvReleases): PairPart {
  let isFetched = false
  return {
    ...ALONE,
    engineFields: { remotePrefill: { tokens: remote.tokens ?? Number.MAX_SAFE_INTEGER } },
    fetched() {
      if (isFetched) return
      isFetched = true
      releases.release(remote)
    },
  }
}

function addressOf({ localAddress = 'localhost', localPort = 0 }: Socket): { host: string; port: number } {
  return { host: localAddress.replace(/^::ffff:/, ''), port: localPort }
}
