import type { AttemptView, CandidateView, DecisionView, SignalColumn } from '../api-types.ts'
import { formatCount, formatInteger, formatMargin, formatRatio } from '../format/numbers.ts'
import { formatClock, formatSignalAge } from '../format/time.ts'
import { AspectIcon } from '../ui/icon.tsx'
import { Unknown } from '../ui/status.tsx'
import { CostMatrix } from './cost-matrix.tsx'
import { tieRule } from './explanation.ts'

interface Props {
  readonly decision: DecisionView
  readonly attempt: AttemptView
  /** From 1; undefined when there was only one. */
  readonly number: number | undefined
}

/** One choice: the matrix of costs, and the signals that they were computed from. */
export function Attempt({ decision, attempt, number }: Props) {
  const title = number === undefined ? 'Candidates' : `Attempt ${number}`
  const id = `attempt-${number ?? 1}`
  return (
    <section aria-labelledby={id} class="section attempt">
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        <span class="hint">
          {formatClock(attempt.atMs, true)}, {marginWords(attempt)}
        </span>
      </div>
      {attempt.failure !== null && (
        <p class="attempt-failure">
          <AspectIcon aspect="critical" /> {attempt.chosen} failed: {attempt.failure}
        </p>
      )}
      <CostMatrix attempt={attempt} terms={decision.termInfo} title={title} />
      <p class="hint">{tieRule(attempt)}</p>
      <SignalTable attempt={attempt} columns={decision.signalColumns} title={title} />
    </section>
  )
}

function marginWords(attempt: AttemptView): string {
  if (attempt.runnerUp === null || attempt.margin === null) return 'no runner-up'
  return `runner-up ${attempt.runnerUp}, margin ${formatMargin(attempt.margin)}`
}

function SignalTable({ attempt, columns, title }: { attempt: AttemptView; columns: readonly SignalColumn[]; title: string }) {
  if (columns.length === 0) return <p class="hint">The policy used no signals.</p>
  return (
    <>
      <h3>Signals used</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="table-frame" tabIndex={0} aria-label={`${title}: signals used, scrolls sideways`}>
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Endpoint</th>
              {columns.map((column) => (
                <th key={column.id} scope="col" class="number">
                  {column.label}
                  <span class="column-unit">
                    {column.unit === 'none' ? '' : `${column.unit}, `}
                    {column.from === 'engine' ? 'engine' : 'own books'}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {attempt.candidates.map((candidate) => (
              <tr key={candidate.endpoint} class={candidate.endpoint === attempt.chosen ? 'row-chosen' : undefined}>
                <th scope="row">{candidate.endpoint}</th>
                {columns.map((column) => (
                  <td key={column.id} class="number">
                    <SignalValue candidate={candidate} column={column} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  )
}

function SignalValue({ candidate, column }: { candidate: CandidateView; column: SignalColumn }) {
  const reading = candidate.signals[column.id]
  if (reading === undefined || reading.value === null) return <Unknown why="the engine did not say, or its state was too old to use" />
  return (
    <>
      {signalText(column, reading.value)}
      {column.from === 'engine' && reading.ageMs !== null && <span class="signal-age">{formatSignalAge(reading.ageMs)} old</span>}
    </>
  )
}

function signalText(column: SignalColumn, value: number): string {
  switch (column.unit) {
    case 'ratio':
      return formatRatio(value)
    case 'seconds':
      return formatMargin(value)
    case 'tokens':
    case 'requests':
      return Number.isInteger(value) ? formatInteger(value) : formatCount(value)
    case 'tokens/s':
    case 'none':
      return formatCount(value)
  }
}
