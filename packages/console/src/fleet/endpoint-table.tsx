import type { EndpointView } from '../api-types.ts'
import { formatCount, formatInteger, formatRatio } from '../format/numbers.ts'
import { formatSignalAge } from '../format/time.ts'
import { EndpointStatus, Unknown } from '../ui/status.tsx'
import { type FleetFacts, hitRatioOf } from './fleet-facts.ts'
import { limits } from './verdict.ts'

interface Props {
  readonly endpoints: readonly EndpointView[]
  readonly facts: FleetFacts | undefined
  /** The whole table is an old answer: nothing in it is current. */
  readonly outdated: boolean
}

/** One row an endpoint. What the engine said too long ago is unknown, not old numbers that look alive. */
export function EndpointTable({ endpoints, facts, outdated }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-frame" tabIndex={0} aria-label="Endpoints, scrolls sideways">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Endpoint</th>
            <th scope="col">Models</th>
            <th scope="col" class="number" title="Requests in the engine's batch, as it reports">
              Running
            </th>
            <th scope="col" class="number" title="Requests queued in the engine, as it reports">
              Waiting
            </th>
            <th scope="col" class="number" title="Requests this gateway has sent there and that have not ended">
              In flight
            </th>
            <th scope="col" class="bar-column">
              KV cache
            </th>
            <th scope="col" class="bar-column" title="Share of prompt tokens found in the prefix cache, last 5 minutes">
              Prefix hits
            </th>
            <th scope="col" class="number" title="Prefill rate that the gateway has learned">
              Prefill tok/s
            </th>
            <th scope="col" class="number" title="Age of the state that the numbers come from">
              State age
            </th>
          </tr>
        </thead>
        <tbody>
          {endpoints.map((endpoint) => (
            <EndpointRow key={endpoint.id} endpoint={endpoint} hits={hitRatioOf(endpoint, facts)} outdated={outdated} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function EndpointRow({ endpoint, hits, outdated }: { endpoint: EndpointView; hits: number | null; outdated: boolean }) {
  const current = !outdated && endpoint.state === 'ready'
  const why = outdated ? 'the last answer is old' : (endpoint.reason ?? undefined)
  const said = (value: number | null) => (current && value !== null ? formatInteger(value) : <Unknown why={why} />)
  return (
    <tr class={current ? undefined : 'row-stale'}>
      <td>
        <EndpointStatus endpoint={outdated && endpoint.state === 'ready' ? { ...endpoint, state: 'unknown' } : endpoint} />
      </td>
      <th scope="row">
        <span class="endpoint-id">{endpoint.id}</span>
        {endpoint.simulated && <span class="badge">simulated</span>}
        <span class="secondary">{endpoint.reason ?? endpoint.url}</span>
      </th>
      <td class="models">{endpoint.models.length === 0 ? <Unknown why="the engine has not listed its models yet" /> : endpoint.models.join(', ')}</td>
      <td class="number">{said(endpoint.runningRequests)}</td>
      <td class="number">{said(endpoint.waitingRequests)}</td>
      <td class="number">{outdated ? <Unknown why={why} /> : formatInteger(endpoint.inFlight)}</td>
      <td class="bar-column">
        {current && endpoint.kvUsageRatio !== null ? <RatioBar ratio={endpoint.kvUsageRatio} mark={limits.kvUsageRatio} /> : <Unknown why={why} />}
      </td>
      <td class="bar-column">
        {current && hits !== null ? (
          <RatioBar ratio={hits} />
        ) : (
          <Unknown why={current ? 'no prefix queries' : why} word={current ? 'no traffic' : undefined} />
        )}
      </td>
      <td class="number">{outdated ? <Unknown why={why} /> : formatCount(endpoint.prefillTokensPerSecond)}</td>
      <td class="number">
        {outdated ? <Unknown why={why} /> : endpoint.stateAgeMs === null ? <Unknown why={why} word="never" /> : formatSignalAge(endpoint.stateAgeMs)}
      </td>
    </tr>
  )
}

function RatioBar({ ratio, mark }: { ratio: number; mark?: number }) {
  const high = mark !== undefined && ratio >= mark
  return (
    <span class={`ratio-bar${high ? ' ratio-high' : ''}`}>
      <span class="ratio-track" aria-hidden="true">
        <span class="ratio-fill" style={{ width: `${Math.min(100, ratio * 100)}%` }} />
        {mark !== undefined && <span class="ratio-mark" style={{ left: `${mark * 100}%` }} />}
      </span>
      <span class="ratio-text">
        {formatRatio(ratio)}
        {high ? ' high' : ''}
      </span>
    </span>
  )
}
