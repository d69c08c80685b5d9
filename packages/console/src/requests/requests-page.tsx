import type { DecisionsView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatBytes, formatRatio } from '../format/numbers.ts'
import { useLive } from '../query/use-live.ts'
import { Failure, Message, notYet } from '../ui/message.tsx'
import { decisionsPath, LIST_LIMIT } from './decision-query.ts'
import { Filters } from './filters.tsx'
import { RequestTable } from './request-table.tsx'
import { TryIt } from './try-it.tsx'

/** The recent requests, newest first. */
export function RequestsPage() {
  const app = useApp()
  const state = app.url.value
  const path = decisionsPath(state)
  const list = useLive<DecisionsView>(path, () => (signal) => app.api.get<DecisionsView>(path, signal), { keep: true })
  const { data, error, failures } = list.value
  return (
    <>
      <div class="section-head page-head">
        <h1 tabIndex={-1}>Requests</h1>
        <Filters decisions={data?.decisions ?? []} />
      </div>
      {notYet(list.value, 'the requests')}
      {data !== undefined && (
        <>
          {error !== undefined && (
            <Message tone="problem" title="The list is old">
              <Failure failure={error} failures={failures} />
            </Message>
          )}
          {data.decisions.length === 0 ? <NoRequests /> : <RequestTable decisions={data.decisions} nowMs={data.nowMs} />}
          <p class="hint">{ringSentence(data)}</p>
        </>
      )}
    </>
  )
}

function ringSentence({ decisions, bytes, bytesMax }: DecisionsView): string {
  const shown = decisions.length >= LIST_LIMIT ? `The newest ${LIST_LIMIT} that match are shown. ` : ''
  const used = bytesMax > 0 ? `${formatRatio(Math.min(1, bytes / bytesMax))} of ${formatBytes(bytesMax)}` : formatBytes(bytes)
  return `${shown}The gateway keeps the records of recent requests in memory: ${used} used. The oldest leave first.`
}

function NoRequests() {
  const app = useApp()
  const { model, endpoint, status, minTtftMs } = app.url.value
  if (model !== '' || endpoint !== '' || status !== '' || minTtftMs > 0) {
    return (
      <Message title="No recent request matches these filters">
        <button type="button" class="button" onClick={() => app.change({ model: '', endpoint: '', status: '', minTtftMs: 0 })}>
          Show every request
        </button>
      </Message>
    )
  }
  return <TryIt title="No request yet. Send one:" />
}
