import { useApp } from '../app.ts'
import { formatDuration, plural } from '../format/numbers.ts'

/** Clocks that differ more than this are pointed out. */
const OFFSET_SHOWN_MS = 2000

/** The last line: version, policy, targets, clocks. */
export function StatusLine() {
  const app = useApp()
  const { data } = app.fleet.value
  if (data === undefined) return <footer class="status-line" />
  const { gateway, targets } = data
  const down = targets.filter(({ health }) => health === 'down')
  const offsetMs = app.serverNowMs() - Date.now()
  return (
    <footer class="status-line">
      <span>Signalbox {data.version}</span>
      {gateway.pool !== undefined && <span>pool {gateway.pool}</span>}
      {gateway.policy !== undefined && <span>policy {gateway.policy}</span>}
      <span title={down.map((target) => `${target.job} ${target.instance}: ${target.lastError}`).join('\n')}>
        {down.length === 0
          ? `${plural(targets.length, 'scrape target')} up`
          : `${down.length} of ${plural(targets.length, 'scrape target')} down: ${down
              .slice(0, 3)
              .map(({ instance, lastError }) => `${instance} (${lastError})`)
              .join(', ')}`}
      </span>
      {Math.abs(offsetMs) > OFFSET_SHOWN_MS && (
        <span>
          this browser's clock is {formatDuration(Math.abs(offsetMs) / 1000)} {offsetMs > 0 ? 'behind' : 'ahead of'} the server's
        </span>
      )}
    </footer>
  )
}
