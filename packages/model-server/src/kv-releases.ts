import { request } from 'node:http'
import type { RemoteBlocks } from './kv-transfer.ts'

/** Releases under way at a time; further ones fail at once, and the blocks go when their hold expires. */
const UNDER_WAY_MAX = 256
const TIMEOUT_MS = 2_000

/** Where a simulated engine is told that the blocks of a request have been fetched. */
export const KV_RELEASE_PATH = '/simulator/kv-release'

/** Tells other engines that their blocks have been fetched. Nobody waits for it; what fails is counted and not tried again, as in vLLM. */
export class KvReleases {
  readonly #failed: () => void
  #underWay = 0

  /** `failed` is told of each engine that could not be told, or did not know the blocks. */
  constructor(failed: () => void) {
    this.#failed = failed
  }

  release({ engineId, requestId, host, port }: RemoteBlocks): void {
    if (this.#underWay >= UNDER_WAY_MAX) {
      this.#failed()
      return
    }
    this.#underWay += 1
    let isOver = false
    const end = (isReleased: boolean): void => {
      if (isOver) return
      isOver = true
      this.#underWay -= 1
      if (!isReleased) this.#failed()
    }
    const body = JSON.stringify({ engine_id: engineId, request_id: requestId })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request({ host, port, path: KV_RELEASE_PATH, method: 'POST', headers, agent: false, timeout: TIMEOUT_MS }, (response) => {
      response.resume()
      end(response.statusCode === 200)
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => end(false))
    sent.on('close', () => end(false))
    sent.end(body)
  }
}
