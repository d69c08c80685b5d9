import type { AttemptView, TermInfo } from '../api-types.ts'
import { formatCount, formatDuration, formatInteger, formatMs } from '../format/numbers.ts'
import { type CostCell, type CostRow, costRows, termGroups } from './cost-rows.ts'
import { filterWords } from './explanation.ts'

/** Candidates × (filter, terms of the cost, their sum). The smallest sum wins. */
export function CostMatrix({ attempt, terms, title }: { attempt: AttemptView; terms: readonly TermInfo[]; title: string }) {
  const seconds = terms.every(({ unit }) => unit === 'seconds')
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-frame" tabIndex={0} aria-label={`${title}: costs, scrolls sideways`}>
      <table class="data matrix">
        <thead>
          <tr class="group-row">
            <td colSpan={3} />
            {termGroups(terms).map((group) => (
              <th key={group.label} scope="colgroup" colSpan={group.span}>
                {group.label}
              </th>
            ))}
            <td class="group-start" />
            <th scope="colgroup" colSpan={2}>
              Predicted
            </th>
          </tr>
          <tr>
            <th scope="col">Choice</th>
            <th scope="col">Endpoint</th>
            <th scope="col">Filters</th>
            {terms.map((term, index) => (
              <th key={term.id} scope="col" class={`number${terms[index - 1]?.group === term.group ? '' : ' group-start'}`} title={term.description}>
                {term.label}
              </th>
            ))}
            <th scope="col" class="number group-start">
              {seconds ? 'Total, seconds' : 'Total'}
            </th>
            <th scope="col" class="number group-start">
              first token
            </th>
            <th scope="col" class="number">
              cached tokens
            </th>
          </tr>
        </thead>
        <tbody>
          {costRows(attempt, terms).map((row) => (
            <MatrixRow key={row.candidate.endpoint} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

const roleWords: Readonly<Record<CostRow['role'], string>> = { chosen: 'chosen', 'runner-up': 'runner-up', other: '', filtered: 'filtered' }

function MatrixRow({ row }: { row: CostRow }) {
  const { candidate, cells, role } = row
  const out = candidate.filteredBy !== null
  return (
    <tr class={`row-${role}`}>
      <td>
        <span class="role">
          {role === 'chosen' && <span aria-hidden="true">▶ </span>}
          {roleWords[role]}
        </span>
      </td>
      <th scope="row">{candidate.endpoint}</th>
      <td class="filter-cell">
        {out ? filterWords(candidate) : 'passed'}
        {candidate.filterDetail !== null && <span class="secondary">{candidate.filterDetail}</span>}
      </td>
      {cells.map((cell, index) => (
        <TermCell key={cell.term.id} cell={cell} first={cells[index - 1]?.term.group !== cell.term.group} />
      ))}
      <td class="number total group-start">{candidate.cost === null ? <span class="none">none</span> : costText(candidate.cost, cells)}</td>
      <td class="number group-start">{candidate.predictedTtftMs === null ? <span class="none">none</span> : formatMs(candidate.predictedTtftMs)}</td>
      <td class="number">{out ? <span class="none">none</span> : formatInteger(candidate.predictedCachedTokens)}</td>
    </tr>
  )
}

function TermCell({ cell, first }: { cell: CostCell; first: boolean }) {
  const { value, share, term } = cell
  return (
    <td class={`number term${first ? ' group-start' : ''}`}>
      {value === null ? (
        <span class="none">none</span>
      ) : (
        <span class={value === 0 ? 'none' : undefined}>{term.unit === 'seconds' ? secondsText(value) : formatCount(value)}</span>
      )}
      <span class="term-bar" aria-hidden="true" style={{ width: `${share * 100}%` }} />
    </td>
  )
}

function costText(cost: number, cells: readonly CostCell[]): string {
  return cells.every(({ term }) => term.unit === 'seconds') ? secondsText(cost) : formatCount(cost)
}

/** Costs of one matrix share a unit, so that they can be compared down the column: seconds with four decimals, minutes apart. */
function secondsText(value: number): string {
  return Math.abs(value) < 100 ? value.toFixed(4) : formatDuration(value)
}
