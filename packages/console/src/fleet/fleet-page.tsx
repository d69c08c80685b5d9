import { useComputed } from '@preact/signals'
import { useApp } from '../app.ts'
import { Panels } from '../panels/panels.tsx'
import { notFetched } from '../query/fetched.ts'
import type { Load } from '../query/live-query.ts'
import { useLive } from '../query/use-live.ts'
import { TryIt } from '../requests/try-it.tsx'
import { AspectIcon } from '../ui/icon.tsx'
import { Message, notYet } from '../ui/message.tsx'
import { EndpointTable } from './endpoint-table.tsx'
import { type FleetFacts, loadFleetFacts } from './fleet-facts.ts'
import { ModelSelect } from './model-select.tsx'
import { fleetVerdict } from './verdict.ts'

/** Is anyone hurting, who, since when. */
export function FleetPage() {
  const app = useApp()
  const questions = app.fleet.value.data?.questions
  const facts = useLive<FleetFacts>(questions === undefined ? 'nothing to ask yet' : 'facts', (): Load<FleetFacts> => {
    // The first answer about the fleet brings the questions; until then there is nothing to ask.
    if (questions === undefined) return () => Promise.resolve(notFetched('cancelled', 0, 'the fleet is not known yet'))
    return (signal) => loadFleetFacts(questions, (expr) => app.api.instant(expr, app.serverNowMs(), signal))
  })
  const verdict = useComputed(() => {
    const { data, error } = app.fleet.value
    return fleetVerdict({ fleet: data, failure: error, facts: facts.value.data, model: app.url.value.model })
  })
  const fleet = app.fleet.value
  const { level, text } = verdict.value
  const quiet = facts.value.data?.models.every(({ requestsPerSecond }) => requestsPerSecond === 0) ?? false
  return (
    <>
      <div class={`verdict verdict-${level}`}>
        <AspectIcon aspect={level} />
        <h1 tabIndex={-1}>{text}</h1>
      </div>
      {notYet(fleet, 'the fleet')}
      {fleet.data?.storeProblem && <Message tone="problem" title={fleet.data.storeProblem} />}
      {fleet.data !== undefined && <EndpointSection quiet={quiet} facts={facts.value.data} />}
      <section aria-labelledby="panels-title" class="section">
        <div class="section-head">
          <h2 id="panels-title">Signals</h2>
          <ModelSelect />
        </div>
        <Panels />
      </section>
    </>
  )
}

function EndpointSection({ quiet, facts }: { quiet: boolean; facts: FleetFacts | undefined }) {
  const app = useApp()
  const { data, error } = app.fleet.value
  if (data === undefined) return null
  const { endpoints, reachable } = data.gateway
  return (
    <section aria-labelledby="endpoints-title" class="section">
      <h2 id="endpoints-title">Endpoints</h2>
      {!reachable && endpoints === undefined && (
        <Message tone="problem" title="No endpoint can be shown: the gateway does not answer">
          <p>Is it running? Its admin port is 9090 unless told otherwise. The panels below show what the monitor scrapes itself.</p>
        </Message>
      )}
      {endpoints?.length === 0 && (
        <Message title="No endpoint is registered">
          <p>
            Start with one: <code>signalbox up --backend http://host:8000</code>, or list several in <code>signalbox.yaml</code>.
          </p>
        </Message>
      )}
      {endpoints !== undefined && endpoints.length > 0 && (
        <EndpointTable endpoints={endpoints} facts={facts} outdated={error !== undefined || !reachable} />
      )}
      {quiet && reachable && endpoints !== undefined && endpoints.length > 0 && (
        <TryIt title="Nothing has been asked of the gateway in the last 5 minutes. Send it a request:" />
      )}
    </section>
  )
}
