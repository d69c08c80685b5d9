import { failure, ok, type Result } from '@signalbox/base'
import type { EndpointSpec } from '@signalbox/scheduler'
import type { Backend } from './schema.ts'

/** Turns configured backends into endpoints; two with one id are refused. */
export function endpointsOf(backends: readonly Backend[], simulated = false): Result<readonly EndpointSpec[], string> {
  const endpoints: EndpointSpec[] = []
  const seen = new Map<string, string>()
  for (const backend of backends) {
    const url = new URL(typeof backend === 'string' ? backend : backend.url)
    const id = (typeof backend === 'string' ? undefined : backend.id) ?? url.host
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
      return failure(`backend ${url.href}: give scheme, host and port alone, as in http://gpu1:8000`)
    }
    const other = seen.get(id)
    if (other !== undefined) return failure(`backends ${other} and ${url.origin} have the same id ${JSON.stringify(id)}; give one of them another`)
    seen.set(id, url.origin)
    endpoints.push({ id, url: url.origin, simulated })
  }
  return ok(endpoints)
}
