import type { DecisionView } from '../api-types.ts'
import { REFRESH_MS, useApp } from '../app.ts'
import { useLive } from '../query/use-live.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { Message, notYet } from '../ui/message.tsx'
import { RequestStatus } from '../ui/status.tsx'
import { Attempt } from './attempt.tsx'
import { explain } from './explanation.ts'
import { Outcome } from './outcome.tsx'

/** One request: why it went where it went, and whether that was right. Followed until it has ended. */
export function RequestPage({ id }: { id: string }) {
  const app = useApp()
  const path = `/api/console/decisions/${encodeURIComponent(id)}`
  const record = useLive<DecisionView>(path, () => (signal) => app.api.get<DecisionView>(path, signal), {
    intervalMs: (data) => (data === undefined || data.status === 'running' ? REFRESH_MS : undefined),
  })
  const { data, error } = record.value
  const back = (
    <a class="back" href={`/requests${app.place.current.value.search}`}>
      ← Requests
    </a>
  )
  if (data === undefined) {
    const gone = error?.status === 404
    return (
      <>
        {back}
        <h1 tabIndex={-1}>Request {id}</h1>
        {gone ? (
          <Message title="There is no record of this request">
            <p>Records of recent requests are kept in memory and the oldest leave first; or the gateway was started anew, or never saw this id.</p>
          </Message>
        ) : (
          notYet(record.value, 'the record')
        )}
      </>
    )
  }
  return <Record decision={data} back={back} />
}

function Record({ decision, back }: { decision: DecisionView; back: preact.JSX.Element }) {
  const last = decision.attempts.length - 1
  return (
    <article>
      {back}
      <div class="section-head record-head">
        <h1 tabIndex={-1}>
          <span class="record-word">Request</span> <code>{decision.id}</code>
        </h1>
        <RequestStatus status={decision.status} httpStatus={decision.httpStatus} />
        <CopyButton label="Copy as JSON" text={() => JSON.stringify(decision, null, 2)} />
      </div>
      <p class="explanation">{explain(decision)}</p>
      {decision.error !== null && decision.attempts.length > 0 && (
        <Message tone="problem" title="It ended with an error">
          <p>{decision.error}</p>
        </Message>
      )}
      <Outcome decision={decision} />
      {decision.attempts.map((attempt, index) => (
        <Attempt key={attempt.atMs} decision={decision} attempt={attempt} number={last === 0 ? undefined : index + 1} />
      ))}
    </article>
  )
}
