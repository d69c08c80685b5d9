import type { DashboardView } from '../api-types.ts'
import { useApp } from '../app.ts'
import { useLive } from '../query/use-live.ts'
import { Message, notYet } from '../ui/message.tsx'
import { PanelCard } from './panel-card.tsx'

/** Panels change only with the release and the dialects in the store. */
const DASHBOARD_MS = 60_000

/** The dashboard's panels for the chosen model and range. */
export function Panels() {
  const app = useApp()
  const { model, range } = app.url.value
  const path = `/api/console/dashboard?${new URLSearchParams({ model })}`
  const dashboard = useLive<DashboardView>(path, () => (signal) => app.api.get<DashboardView>(path, signal), {
    keep: true,
    intervalMs: (data) => (data === undefined ? 5000 : DASHBOARD_MS),
  })
  const missing = notYet(dashboard.value, 'the panels')
  if (missing !== undefined) return missing
  const panels = dashboard.value.data?.panels ?? []
  if (panels.length === 0) return <Message title="The dashboard has no panels" />
  return (
    <div class="panels">
      {panels.map((panel) => (
        <PanelCard key={panel.id} panel={panel} range={range} />
      ))}
    </div>
  )
}
