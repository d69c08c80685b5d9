import { failure, ok, type Result } from '@signalbox/base'
import { type ApiError, badRequest } from './api-error.ts'
import type { JsonObject } from './body.ts'

/** Keys and values that wait in another engine. */
export interface RemoteBlocks {
  /** Of the life of the engine that holds them. */
  readonly engineId: string
  /** The engine's own name of the request that left them. */
  readonly requestId: string
  /** Where that engine is told that they have been fetched. Of vLLM's this is NIXL's side channel, of ours its HTTP. */
  readonly host: string
  readonly port: number
  /** Undefined: of the whole prompt. */
  readonly tokens: number | undefined
}

/** Which half of a prefill/decode pair a request is; undefined: neither. */
export type TransferHalf = { readonly kind: 'prefill' } | { readonly kind: 'decode'; readonly remote: RemoteBlocks } | undefined

/** Blocks that one request may name: a prompt of 16 million tokens. */
const BLOCKS_MAX = 1_000_000

/**
 * Reads `kv_transfer_params` of a request. A decode half that lacks one of the four fields that say where its blocks are is a plain
 * request, as in vLLM; one whose fields are no such things is refused. SOURCE: `reference/vllm.md` §3.10.
 */
export function parseTransfer(params: JsonObject | undefined): Result<TransferHalf, ApiError> {
  if (params === undefined) return ok(undefined)
  const { do_remote_decode: decodesElsewhere, do_remote_prefill: prefilledElsewhere } = params
  for (const [name, value] of [
    ['do_remote_decode', decodesElsewhere],
    ['do_remote_prefill', prefilledElsewhere],
  ] as const) {
    if (value !== undefined && value !== null && typeof value !== 'boolean') return refuse(name, 'a boolean')
  }
  if (decodesElsewhere === true && prefilledElsewhere === true) return refuse('do_remote_decode', 'false where do_remote_prefill is true')
  if (decodesElsewhere === true) return ok({ kind: 'prefill' })
  return prefilledElsewhere === true ? parseRemote(params) : ok(undefined)
}

function parseRemote(params: JsonObject): Result<TransferHalf, ApiError> {
  const { remote_block_ids: blocks, remote_engine_id: engineId, remote_host: host, remote_port: port } = params
  if ([blocks, engineId, host, port].some((value) => value === undefined || value === null)) return ok(undefined)
  const { remote_request_id: requestId = '', remote_num_tokens: tokens } = params
  if (!Array.isArray(blocks) || blocks.length > BLOCKS_MAX) return refuse('remote_block_ids', `a list of at most ${BLOCKS_MAX} blocks`)
  if (typeof engineId !== 'string') return refuse('remote_engine_id', 'a string')
  if (typeof requestId !== 'string') return refuse('remote_request_id', 'a string')
  if (typeof host !== 'string' || host === '') return refuse('remote_host', 'a host')
  if (!isInteger(port, 1, 65_535)) return refuse('remote_port', 'a port')
  if (tokens !== undefined && tokens !== null && !isInteger(tokens, 0, Number.MAX_SAFE_INTEGER))
    return refuse('remote_num_tokens', 'an integer from 0')
  return ok({ kind: 'decode', remote: { engineId, requestId, host, port, tokens: typeof tokens === 'number' ? tokens : undefined } })
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
}

function refuse(field: string, wanted: string): Result<never, ApiError> {
  return failure(badRequest(`kv_transfer_params.${field} must be ${wanted}`, 'kv_transfer_params'))
}
