import type { DecisionSummary } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatInteger, formatMs } from '../format/numbers.ts'
import { formatClock, formatInstant } from '../format/time.ts'
import { ROW_LINK } from '../shell/bind-keyboard.ts'
import { requestPath } from '../shell/route.ts'
import { RequestStatus, Unknown } from '../ui/status.tsx'

/** One row a request; each opens its explanation. */
export function RequestTable({ decisions, nowMs }: { decisions: readonly DecisionSummary[]; nowMs: number }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-frame" tabIndex={0} aria-label="Recent requests, scrolls sideways">
      <table class="data requests">
        <thead>
          <tr class="group-row">
            <td colSpan={4} />
            <th scope="colgroup" colSpan={2}>
              First token
            </th>
            <th scope="colgroup" colSpan={2}>
              Cached tokens
            </th>
            <th scope="colgroup" colSpan={2}>
              Tokens
            </th>
            <td colSpan={2} />
          </tr>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Received</th>
            <th scope="col">Model</th>
            <th scope="col">Endpoint</th>
            <th scope="col" class="number group-start">
              predicted
            </th>
            <th scope="col" class="number">
              actual
            </th>
            <th scope="col" class="number group-start">
              predicted
            </th>
            <th scope="col" class="number">
              actual
            </th>
            <th scope="col" class="number group-start">
              in
            </th>
            <th scope="col" class="number">
              out
            </th>
            <th scope="col" class="number group-start">
              Duration
            </th>
            <th scope="col" class="number">
              Retries
            </th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((decision) => (
            <RequestRow key={decision.id} decision={decision} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function RequestRow({ decision, nowMs }: { decision: DecisionSummary; nowMs: number }) {
  const { place } = useApp()
  const running = decision.status === 'running'
  const none = <span class="none">none</span>
  // Where no endpoint was asked there is nothing that an engine could have reported.
  const pending = running ? <span class="pending">not yet</span> : decision.endpoint === null ? none : <Unknown why="the engine did not report it" />
  const tokens = (value: number | null) => (value === null ? pending : formatInteger(value))
  const href = requestPath(decision.id) + place.current.value.search
  return (
    <tr
      class="row-link"
      onClick={(event) => {
        // The row is a larger target for the link in it; the link itself, and text that is being selected, are left alone.
        if (event.target instanceof Element && event.target.closest('a') === null && getSelection()?.isCollapsed !== false) {
          event.currentTarget.querySelector('a')?.click()
        }
      }}
    >
      <td>
        <RequestStatus status={decision.status} httpStatus={decision.httpStatus} />
      </td>
      <th scope="row">
        <a href={href} {...{ [ROW_LINK]: '' }} title={`${decision.id}\n${formatInstant(decision.receivedMs)}`}>
          {formatClock(decision.receivedMs, true)}
          <span class="offscreen"> request {decision.id}</span>
        </a>
      </th>
      <td>{decision.model === '' ? <Unknown why="the request could not be read" /> : decision.model}</td>
      <td>{decision.endpoint ?? none}</td>
      <td class="number group-start">{decision.predictedTtftMs === null ? none : formatMs(decision.predictedTtftMs)}</td>
      <td class="number">{decision.actualTtftMs === null ? (running ? pending : none) : formatMs(decision.actualTtftMs)}</td>
      <td class="number group-start">{decision.predictedCachedTokens === null ? none : formatInteger(decision.predictedCachedTokens)}</td>
      <td class="number">{tokens(decision.actualCachedTokens)}</td>
      <td class="number group-start">{tokens(decision.promptTokens)}</td>
      <td class="number">{tokens(decision.completionTokens)}</td>
      <td class="number group-start">{formatMs(decision.durationMs ?? Math.max(0, nowMs - decision.receivedMs))}</td>
      <td class="number">{decision.retries === 0 ? <span class="none">0</span> : formatInteger(decision.retries)}</td>
    </tr>
  )
}
