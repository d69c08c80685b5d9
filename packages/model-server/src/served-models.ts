import { randomUUID } from 'node:crypto'
import { failure, ok, type Result } from '@signalbox/base'
import { type ApiError, badRequest, notFound } from './api-error.ts'
import type { JsonObject } from './body.ts'

/** Adapters by name, each with its path: what a server has from its start (`--lora-modules`). */
export type AdapterModules = Readonly<Record<string, string>>

/** What a client asked for by name. */
export interface ResolvedModel {
  /** The name to answer under. */
  readonly name: string
  /** Undefined: the model itself. */
  readonly adapter: string | undefined
}

const ADAPTERS_MAX = 64
/** There are no files: a path with this segment stands for one that does not exist. */
const MISSING = /(^|[/\\])missing([/\\]|$)/

/** The names a client may ask for: the model and the adapters loaded onto it. SOURCE: `reference/vllm.md` §3.6. */
export class ServedModels {
  readonly model: string
  readonly #modelCard: object
  /** The card of each adapter, by name. */
  readonly #adapters = new Map<string, object>()

  constructor(model: string, options: { readonly created: number; readonly contextTokensMax: number; readonly adapters?: AdapterModules }) {
    this.model = model
    const { created, contextTokensMax, adapters = {} } = options
    this.#modelCard = card({ id: model, created, root: model, parent: null, max_model_len: contextTokensMax })
    for (const [name, path] of Object.entries(adapters)) this.#add(name, path, created)
  }

  /** The model or adapter of that name; undefined asks for the model itself. */
  resolve(name: string | undefined): Result<ResolvedModel, ApiError> {
    if (name === undefined || name === this.model) return ok({ name: this.model, adapter: undefined })
    if (this.#adapters.has(name)) return ok({ name, adapter: name })
    return failure(notFound(`The model \`${name}\` does not exist.`, 'model'))
  }

  /** What `/v1/models` answers: the model's card, then each adapter's. */
  list(): object {
    return { object: 'list', data: [this.#modelCard, ...this.#adapters.values()] }
  }

  /** Adds an adapter, or with `load_inplace` gives one that is there another path; the value is the text to answer. */
  load(body: JsonObject, created: number): Result<string, ApiError> {
    const { lora_name: name, lora_path: path, load_inplace: inPlace } = body
    if (typeof name !== 'string' || typeof path !== 'string' || name === '' || path === '') {
      return failure(userInput('lora_name and lora_path must be given as strings'))
    }
    if (name === this.model || (this.#adapters.has(name) && inPlace !== true)) return failure(userInput(`${name} is loaded already`))
    if (!this.#adapters.has(name) && this.#adapters.size >= ADAPTERS_MAX) return failure(userInput(`${ADAPTERS_MAX} adapters are loaded already`))
    if (MISSING.test(path)) return failure(notFound(`no adapter is found at ${path}`, 'lora_path'))
    this.#add(name, path, created)
    return ok(`Success: LoRA adapter '${name}' added successfully.`)
  }

  /** Removes an adapter: new requests for it are refused, those under way go on. */
  unload(body: JsonObject): Result<string, ApiError> {
    const { lora_name: name } = body
    if (typeof name !== 'string' || name === '') return failure(userInput('lora_name must be given as a string'))
    if (!this.#adapters.delete(name)) return failure(notFound(`the adapter ${name} is not loaded`, 'lora_name'))
    return ok(`Success: LoRA adapter '${name}' removed successfully.`)
  }

  #add(name: string, path: string, created: number): void {
    this.#adapters.set(name, card({ id: name, created, root: path, parent: this.model, max_model_len: null }))
  }
}

interface CardFields {
  readonly id: string
  readonly created: number
  readonly root: string
  readonly parent: string | null
  readonly max_model_len: number | null
}

function card({ id, created, root, parent, max_model_len }: CardFields): object {
  return { id, object: 'model', created, owned_by: 'vllm', root, parent, max_model_len, permission: [permission(created)] }
}

/** What every card of vLLM allows; nothing in the engine asks for it. */
function permission(created: number): object {
  return {
    id: `modelperm-${randomUUID().replaceAll('-', '')}`,
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  }
}

function userInput(message: string): ApiError {
  return { ...badRequest(message), type: 'InvalidUserInput' }
}
