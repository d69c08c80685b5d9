import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * The key that paths under `/v1` ask for as a bearer token, as vLLM's `--api-key`. Compared in constant time: how long a refusal
 * takes says nothing about the key. SOURCE: `reference/vllm.md` §3.1.
 */
export class ApiKey {
  readonly #digest: Buffer

  constructor(key: string) {
    this.#digest = digestOf(key)
  }

  /** Whether a request may pass: `path` without its query. */
  admits(request: { readonly method: string; readonly path: string; readonly authorization: string | undefined }): boolean {
    const { method, path, authorization } = request
    if (!path.startsWith('/v1') || method === 'OPTIONS') return true
    const token = /^Bearer (.*)$/i.exec(authorization ?? '')?.[1] ?? ''
    return timingSafeEqual(digestOf(token), this.#digest)
  }
}

/** Digests are of one length, as `timingSafeEqual` wants them. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
