import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'
import type { RequestSummary } from '@signalbox/scheduler'
import { defaultFairnessId } from './account.ts'
import { askForUsage } from './body-rewrite.ts'
import type { GatewayError, GatewayErrorCode } from './errors.ts'
import { multipartModel } from './multipart-model.ts'
import { promptPrefix } from './prompt-prefix.ts'
import type { RequestScanner } from './request-scanner.ts'
import type { Route } from './routes.ts'
import type { ScanFailure, ScannedRequest } from './scanned-fields.ts'

/** A request that was read: what the scheduler gets to see, and the bytes to forward. */
export interface ReadRequest {
  readonly summary: RequestSummary
  /** The model that the body names. */
  readonly model: string | undefined
  readonly body: Buffer | undefined
  /** The gateway asked for a usage event that the client must not see. */
  readonly stripUsage: boolean
}

/** What is to be read. */
export interface RequestParts {
  readonly id: string
  readonly path: string
  readonly route: Route
  readonly request: IncomingMessage
  readonly body: Buffer
}

const fairnessIdLengthMax = 128
const noHashes = new Uint32Array(0)
const failureCodes: Readonly<Record<ScanFailure['code'], GatewayErrorCode>> = {
  'invalid-json': 'invalid_json',
  'missing-field': 'missing_field',
  'invalid-field': 'invalid_field',
}

/** Reads a request's body once and says what it asks for. `fallbackModel` stands in where a passed-through body names none. */
export function readRequest(parts: RequestParts, scanner: RequestScanner, fallbackModel: string): Result<ReadRequest, GatewayError> {
  if (parts.route.kind !== 'generate') return ok(readForwarded(parts, scanner, fallbackModel))
  const scanned = scanner.scan(parts.body)
  if (!scanned.ok) return failure({ code: failureCodes[scanned.error.code], message: scanned.error.message, param: scanned.error.param })
  const found = scanned.value
  const stripUsage = found.stream && !found.includeUsage
  const { promptBytes, prefixHashes } = promptPrefix(parts.body, found)
  return ok({
    summary: summaryOf(parts, found, { model: found.model ?? '', promptBytes, prefixHashes }),
    model: found.model,
    body: stripUsage ? askForUsage(parts.body, found) : parts.body,
    stripUsage,
  })
}

function readForwarded(parts: RequestParts, scanner: RequestScanner, fallbackModel: string): ReadRequest {
  const { body } = parts
  const isForm = parts.request.headers['content-type']?.startsWith('multipart/') === true
  const scanned = isForm || body.length === 0 ? undefined : scanner.scan(body, false)
  const found = scanned?.ok === true ? scanned.value : undefined
  const model = isForm ? multipartModel(body) : found?.model
  const promptBytes = found?.prompt === undefined ? 0 : found.prompt.end - found.prompt.start
  return {
    summary: summaryOf(parts, found, { model: model ?? fallbackModel, promptBytes, prefixHashes: noHashes }),
    model,
    body: body.length === 0 ? undefined : body,
    stripUsage: false,
  }
}

type PromptParts = Pick<RequestSummary, 'model' | 'promptBytes' | 'prefixHashes'>

function summaryOf(parts: RequestParts, found: ScannedRequest | undefined, prompt: PromptParts): RequestSummary {
  return {
    id: parts.id,
    path: parts.path,
    model: prompt.model,
    stream: found?.stream ?? false,
    priority: found?.priority ?? 0,
    fairnessId: fairnessIdOf(parts.request, found?.user),
    promptBytes: prompt.promptBytes,
    images: found?.images.length ?? 0,
    prefixHashes: prompt.prefixHashes,
    outputTokensMax: found?.outputTokensMax,
  }
}

/** The tenant: llm-d's header in either spelling (reference/epp.md §6), else the body's `user`. */
function fairnessIdOf(request: IncomingMessage, user: string | undefined): string {
  const header = request.headers['x-llm-d-inference-fairness-id'] ?? request.headers['x-gateway-inference-fairness-id']
  const id = typeof header === 'string' && header !== '' ? header : user
  return id === undefined ? defaultFairnessId : id.slice(0, fairnessIdLengthMax)
}
