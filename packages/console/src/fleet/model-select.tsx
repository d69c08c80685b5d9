import type { ModelsView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { fetched } from '../query/fetched.ts'
import { useLive } from '../query/use-live.ts'

const MODELS_PATH = '/api/console/models'
/** Models come and go rarely. */
const MODELS_MS = 30_000

/** The model that panels and verdict are about; every model by default. */
export function ModelSelect() {
  const app = useApp()
  const models = useLive<readonly string[]>(
    'models',
    () => async (signal) => {
      const answer = await app.api.get<ModelsView>(MODELS_PATH, signal)
      return answer.ok ? fetched(answer.value.models) : answer
    },
    { intervalMs: () => MODELS_MS },
  )
  const chosen = app.url.value.model
  const known = [
    ...new Set([...(models.value.data ?? []), ...(app.fleet.value.data?.gateway.models ?? []), ...(chosen === '' ? [] : [chosen])]),
  ].sort()
  return (
    <label class="control">
      <span class="control-label">Model</span>
      <select value={chosen} onChange={(event) => app.change({ model: event.currentTarget.value })}>
        <option value="">every model</option>
        {known.map((model) => (
          <option key={model} value={model}>
            {model}
          </option>
        ))}
      </select>
    </label>
  )
}
