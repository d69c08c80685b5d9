import { useApp } from '../app.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { Message } from '../ui/message.tsx'
import { curlExample } from './decision-query.ts'

/** Port of the gateway's data plane unless the monitor knows better. */
const GATEWAY_PORT = 8080

/** Instead of an empty list: the command that sends a first request. */
export function TryIt({ title }: { title: string }) {
  const app = useApp()
  const model = app.url.value.model || (app.fleet.value.data?.gateway.models?.[0] ?? '')
  const command = curlExample(location.hostname, app.fleet.value.data?.apiPort ?? GATEWAY_PORT, model)
  return (
    <Message title={title}>
      <div class="command">
        <pre>{command}</pre>
        <CopyButton label="Copy" text={() => command} />
      </div>
    </Message>
  )
}
