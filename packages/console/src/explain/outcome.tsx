import type { ComponentChildren } from 'preact'
import type { DecisionView } from '../api-types.ts'
import { formatInteger, formatMs } from '../format/numbers.ts'
import { formatClock, formatInstant } from '../format/time.ts'
import { Unknown } from '../ui/status.tsx'
import { ttftError } from './explanation.ts'

/** The request's facts, and what was predicted beside what happened. */
export function Outcome({ decision }: { decision: DecisionView }) {
  return (
    <div class="outcome">
      <section aria-labelledby="facts-title">
        <h2 id="facts-title">Request</h2>
        <dl class="facts">
          <Fact name="Received">
            <span title={formatInstant(decision.receivedMs)}>{formatClock(decision.receivedMs, true)}</span>
          </Fact>
          <Fact name="Model">{decision.model === '' ? <Unknown why="the request could not be read" /> : decision.model}</Fact>
          <Fact name="Path">
            <code>{decision.path}</code>
          </Fact>
          <Fact name="Answer">{decision.stream ? 'streamed' : 'whole'}</Fact>
          <Fact name="Policy">{decision.policy}</Fact>
          <Fact name="Priority">{decision.priority}</Fact>
          {decision.fairnessId !== '' && <Fact name="Fairness id">{decision.fairnessId}</Fact>}
          <Fact name="Prompt">{formatInteger(decision.promptBytes)} bytes</Fact>
          <Fact name="Duration">{decision.durationMs === null ? <span class="pending">not yet</span> : formatMs(decision.durationMs)}</Fact>
          <Fact name="Retries">{decision.retries}</Fact>
        </dl>
      </section>
      <section aria-labelledby="prediction-title">
        <h2 id="prediction-title">Prediction and outcome</h2>
        <Predictions decision={decision} />
      </section>
    </div>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Predictions({ decision }: { decision: DecisionView }) {
  const running = decision.status === 'running'
  const none = <span class="none">none</span>
  // Where no endpoint was asked there is nothing that an engine could have reported.
  const missing = running ? <span class="pending">not yet</span> : decision.endpoint === null ? none : <Unknown why="the engine did not report it" />
  const tokens = (value: number | null) => (value === null ? missing : formatInteger(value))
  const predicted = (text: string | null) => text ?? none
  const { predictedTtftMs, actualTtftMs, predictedCachedTokens, actualCachedTokens } = decision
  const difference = predictedCachedTokens === null || actualCachedTokens === null ? null : actualCachedTokens - predictedCachedTokens
  return (
    <table class="data compact">
      <thead>
        <tr>
          <td />
          <th scope="col" class="number">
            Predicted
          </th>
          <th scope="col" class="number">
            Actual
          </th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">First token</th>
          <td class="number">{predicted(predictedTtftMs === null ? null : formatMs(predictedTtftMs))}</td>
          <td class="number">{actualTtftMs === null ? (running ? missing : none) : formatMs(actualTtftMs)}</td>
          <td>{ttftError(predictedTtftMs, actualTtftMs)}</td>
        </tr>
        <tr>
          <th scope="row">Cached tokens</th>
          <td class="number">{predicted(predictedCachedTokens === null ? null : formatInteger(predictedCachedTokens))}</td>
          <td class="number">{tokens(actualCachedTokens)}</td>
          <td>
            {difference === null
              ? ''
              : difference === 0
                ? 'as predicted'
                : `${formatInteger(Math.abs(difference))} ${difference > 0 ? 'more' : 'fewer'} than predicted`}
          </td>
        </tr>
        <tr>
          <th scope="row">Prompt tokens</th>
          <td class="number">{formatInteger(decision.promptTokensEstimated)}</td>
          <td class="number">{tokens(decision.promptTokens)}</td>
          <td />
        </tr>
        <tr>
          <th scope="row">Completion tokens</th>
          <td class="number">
            <span class="none">none</span>
          </td>
          <td class="number">{tokens(decision.completionTokens)}</td>
          <td />
        </tr>
      </tbody>
    </table>
  )
}
