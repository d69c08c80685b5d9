import { failure, ok, type Result } from '@signalbox/base'
import { type ApiError, badRequest, notFound } from './api-error.ts'
import type { JsonObject } from './body.ts'

const ADAPTERS_MAX = 64

/** The names a client may ask for: the model and the adapters loaded onto it. SOURCE: `reference/vllm.md` §3.6. */
export class ServedModels {
  readonly model: string
  readonly #created: number
  readonly #contextTokensMax: number
  readonly #adapters = new Map<string, { readonly path: string; readonly created: number }>()

  constructor(model: string, options: { created: number; contextTokensMax: number }) {
    this.model = model
    this.#created = options.created
    this.#contextTokensMax = options.contextTokensMax
  }

  /** The name to answer under; undefined asks for the model itself. */
  resolve(name: string | undefined): Result<string, ApiError> {
    if (name === undefined || name === this.model || this.#adapters.has(name)) return ok(name ?? this.model)
    return failure(notFound(`The model \`${name}\` does not exist.`, 'model'))
  }

  list(): object {
    const cards = [this.#card(this.model, this.#created, { root: this.model, parent: null, contextTokensMax: this.#contextTokensMax })]
    for (const [name, { path, created }] of this.#adapters) {
      cards.push(this.#card(name, created, { root: path, parent: this.model, contextTokensMax: null }))
    }
    return { object: 'list', data: cards }
  }

  /** Adds an adapter; the value is the text to answer. */
  load(body: JsonObject, created: number): Result<string, ApiError> {
    const { lora_name: name, lora_path: path } = body
    if (typeof name !== 'string' || typeof path !== 'string' || name === '' || path === '') {
      return failure(userInput('lora_name and lora_path must be given as strings'))
    }
    if (name === this.model || this.#adapters.has(name)) return failure(userInput(`${name} is loaded already`))
    if (this.#adapters.size >= ADAPTERS_MAX) return failure(userInput(`${ADAPTERS_MAX} adapters are loaded already`))
    this.#adapters.set(name, { path, created })
    return ok(`Success: LoRA adapter '${name}' added successfully.`)
  }

  unload(body: JsonObject): Result<string, ApiError> {
    const { lora_name: name } = body
    if (typeof name !== 'string') return failure(userInput('lora_name must be given as a string'))
    if (!this.#adapters.delete(name)) return failure(notFound(`the adapter ${name} is not loaded`, 'lora_name'))
    return ok(`Success: LoRA adapter '${name}' removed successfully.`)
  }

  #card(id: string, created: number, of: { root: string; parent: string | null; contextTokensMax: number | null }): object {
    const { root, parent, contextTokensMax } = of
    return { id, object: 'model', created, owned_by: 'vllm', root, parent, max_model_len: contextTokensMax, permission: [] }
  }
}

function userInput(message: string): ApiError {
  return { ...badRequest(message), type: 'InvalidUserInput' }
}
