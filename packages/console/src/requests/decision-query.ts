import type { UrlState } from '../shell/url-state.ts'

/** Rows of the list. */
export const LIST_LIMIT = 200

/** The path that lists decisions as the URL's filters say. */
export function decisionsPath(state: Pick<UrlState, 'model' | 'endpoint' | 'status' | 'minTtftMs'>): string {
  const query = new URLSearchParams()
  if (state.model !== '') query.set('model', state.model)
  if (state.endpoint !== '') query.set('endpoint', state.endpoint)
  if (state.status !== '') query.set('status', state.status)
  if (state.minTtftMs > 0) query.set('min_ttft_ms', String(state.minTtftMs))
  query.set('limit', String(LIST_LIMIT))
  return `/api/console/decisions?${query}`
}

/** A command that sends one streamed request. `host` may be an IPv6 address in brackets. */
export function curlExample(host: string, port: number, model: string): string {
  const body = JSON.stringify({ model: model || '<model>', stream: true, messages: [{ role: 'user', content: 'Say hello' }] })
  return `curl http://${host}:${port}/v1/chat/completions \\\n  -H 'content-type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`
}

/** Steps of the filter by time to first token, ms. */
const ttftSteps: readonly number[] = [0, 100, 250, 500, 1000, 2500, 5000, 10_000]

/** The steps with a value of the URL among them, sorted. */
export function ttftChoices(current: number): number[] {
  return [...new Set([...ttftSteps, current])].sort((a, b) => a - b)
}
