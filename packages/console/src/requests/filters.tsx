import { type DecisionSummary, decisionStatuses } from '../api-types.ts'
import { useApp } from '../app.ts'
import { formatMs } from '../format/numbers.ts'
import { ttftChoices } from './decision-query.ts'

interface Choice {
  readonly value: string
  readonly label: string
}

/** The list's filters; they live in the URL. */
export function Filters({ decisions }: { decisions: readonly DecisionSummary[] }) {
  const app = useApp()
  const { model, endpoint, status, minTtftMs } = app.url.value
  const { gateway } = app.fleet.value.data ?? {}
  const models = distinct([...(gateway?.models ?? []), ...decisions.map((decision) => decision.model), model])
  const endpoints = distinct([...(gateway?.endpoints ?? []).map(({ id }) => id), ...decisions.map((decision) => decision.endpoint ?? ''), endpoint])
  return (
    // biome-ignore lint/a11y/useSemanticElements: the search element is younger than the browsers we support
    <div class="filters" role="search" aria-label="Filter requests">
      <Select label="Model" value={model} every="every model" choices={models} choose={(value) => app.change({ model: value })} />
      <Select label="Endpoint" value={endpoint} every="every endpoint" choices={endpoints} choose={(value) => app.change({ endpoint: value })} />
      <Select
        label="Status"
        value={status}
        every="every status"
        choices={decisionStatuses.map((value) => ({ value, label: value }))}
        choose={(value) => app.change({ status: decisionStatuses.find((known) => known === value) ?? '' })}
      />
      <Select
        label="First token after"
        value={minTtftMs === 0 ? '' : String(minTtftMs)}
        every="any time"
        choices={ttftChoices(minTtftMs)
          .filter((ms) => ms > 0)
          .map((ms) => ({ value: String(ms), label: `at least ${formatMs(ms)}` }))}
        choose={(value) => app.change({ minTtftMs: Number(value) })}
      />
    </div>
  )
}

function distinct(values: readonly string[]): Choice[] {
  return [...new Set(values)]
    .filter((value) => value !== '')
    .sort()
    .map((value) => ({ value, label: value }))
}

interface SelectProps {
  readonly label: string
  readonly value: string
  /** What the empty choice is called. */
  readonly every: string
  readonly choices: readonly Choice[]
  readonly choose: (value: string) => void
}

function Select({ label, value, every, choices, choose }: SelectProps) {
  return (
    <label class="control">
      <span class="control-label">{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{every}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  )
}
