import type { ServerResponse } from 'node:http'
import { badRequest, notFound, sendError, sendJson } from './api-error.ts'
import { type Faults, parseFaults } from './faults.ts'
import { KV_RELEASE_PATH } from './kv-releases.ts'
import { type Route, withBody } from './routes.ts'
import type { ServerState } from './server-state.ts'

const FAULTS_PATH = '/simulator/faults'
const EVENTS_PATH = '/simulator/events'
const BODY_BYTES_MAX = 4 * 1024 * 1024

/** Whether a path is for whoever operates the simulation: it answers whatever goes wrong on purpose elsewhere. */
export function isOperators(path: string): boolean {
  return path === FAULTS_PATH || path === EVENTS_PATH
}

/** The paths that no model server has: faults on demand, and how the other half of a pair says that it has fetched its blocks. */
export function simulatorRoutes(state: ServerState, setFaults: (faults: Faults) => void): readonly Route[] {
  return [
    [
      FAULTS_PATH,
      {
        GET: ({ response }) => sendJson(response, 200, JSON.stringify(state.faults.report)),
        POST: withBody(BODY_BYTES_MAX, (body, { response }) => {
          const faults = parseFaults(body)
          if (faults.ok) setFaults(faults.value)
          if (faults.ok) sendJson(response, 200, JSON.stringify(state.faults.report))
          else sendError(response, badRequest(faults.error))
        }),
      },
    ],
    [EVENTS_PATH, { GET: ({ response }) => answerEvents(state, response) }],
    [
      KV_RELEASE_PATH,
      {
        POST: withBody(BODY_BYTES_MAX, (body, { response }) => {
          const { engine_id: engineId, request_id: requestId } = body
          if (typeof engineId !== 'string' || typeof requestId !== 'string') {
            sendError(
              response,
              badRequest('engine_id and request_id must be given as strings', typeof engineId === 'string' ? 'request_id' : 'engine_id'),
            )
          } else if (engineId === state.life.id && state.life.releaseHeld(requestId)) sendJson(response, 200, '{"released":true}')
          else sendError(response, notFound(`no blocks are held for request ${requestId} of engine ${engineId}`, 'request_id'))
        }),
      },
    ],
  ]
}

function answerEvents({ events }: ServerState, response: ServerResponse): void {
  if (events === undefined) sendError(response, notFound('this server publishes no KV-cache events'))
  else sendJson(response, 200, JSON.stringify(events.state))
}
