/** What the gateway does with a path. */
type RouteKind =
  /** Completions: scanned strictly, scheduled by prefix, asked for usage. */
  | 'generate'
  /** Passed through as it is, scheduled by model when one can be read. */
  | 'forward'
  /** Answered by the gateway. */
  | 'models'
  | 'model'
  | 'health'
  | 'version'
  /** An engine's administration: refused. */
  | 'administrative'

export interface Route {
  readonly kind: RouteKind
  /** Allowed methods; the Allow header of a 405. */
  readonly methods: readonly string[]
  /** Errors inside a stream are named events, as Anthropic's clients expect. */
  readonly namedErrorEvents: boolean
}

const post = ['POST'] as const
const get = ['GET', 'HEAD'] as const
const generate: Route = { kind: 'generate', methods: post, namedErrorEvents: false }
const forward: Route = { kind: 'forward', methods: post, namedErrorEvents: false }
const administrative: Route = { kind: 'administrative', methods: [], namedErrorEvents: false }
const storedResponse: Route = { kind: 'forward', methods: ['GET', 'HEAD', 'POST', 'DELETE'], namedErrorEvents: false }
const oneModel: Route = { kind: 'model', methods: get, namedErrorEvents: false }

/** What vLLM serves beside chat and completions (reference/vllm.md §3.1), all by POST. */
const forwardedPaths = [
  '/v1/chat/completions/render',
  '/v1/completions/render',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages/count_tokens',
  '/v1/score',
  '/v1/rerank',
  '/v1/pooling',
  '/v1/classify',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/audio/speech',
  '/v1/images/generations',
  '/v2/rerank',
  '/pooling',
  '/classify',
  '/score',
  '/rerank',
  '/tokenize',
  '/detokenize',
  '/invocations',
  '/inference/v1/generate',
]

/** Paths that change an engine or look into it; whoever may do that talks to the engine itself. */
const administrativePaths = [
  '/v1/load_lora_adapter',
  '/v1/unload_lora_adapter',
  '/start_profile',
  '/stop_profile',
  '/scale_elastic_ep',
  '/is_scaling_elastic_ep',
  '/pause',
  '/resume',
  '/is_paused',
  '/server_info',
  '/reset_prefix_cache',
  '/reset_mm_cache',
  '/reset_encoder_cache',
  '/sleep',
  '/wake_up',
  '/is_sleeping',
  '/collective_rpc',
  '/update_weights',
  '/init_weight_transfer_engine',
  '/tokenizer_info',
]

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/v1/chat/completions', generate],
  ['/v1/completions', generate],
  ['/v1/messages', { kind: 'forward', methods: post, namedErrorEvents: true }],
  ...forwardedPaths.map((path) => [path, forward] as const),
  ...administrativePaths.map((path) => [path, administrative] as const),
  ['/v1/models', { kind: 'models', methods: get, namedErrorEvents: false }],
  ['/health', { kind: 'health', methods: get, namedErrorEvents: false }],
  ['/version', { kind: 'version', methods: get, namedErrorEvents: false }],
])

/** A stored response, its cancellation or its input; ids have no dots or escapes, so nothing can climb out of the folder. */
const storedResponsePath = /^\/v1\/responses\/[A-Za-z0-9_-]{1,128}(\/cancel|\/input_items)?$/
export const modelPathPrefix = '/v1/models/'

/** The route of a path (without its query), undefined for a path that the gateway does not know. */
export function routeOf(path: string): Route | undefined {
  const route = routes.get(path)
  if (route !== undefined) return route
  if (path.startsWith(modelPathPrefix) && path.length > modelPathPrefix.length) return oneModel
  return storedResponsePath.test(path) ? storedResponse : undefined
}
