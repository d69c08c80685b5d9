/** The pages, as paths: `/`, `/requests`, `/requests/<id>`. */
export type Route =
  | { readonly page: 'fleet' }
  | { readonly page: 'requests' }
  | { readonly page: 'request'; readonly id: string }
  | { readonly page: 'unknown' }

/** The route of a location's path. A trailing slash does not matter; an id may hold escaped characters. */
export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length === 0) return { page: 'fleet' }
  if (parts[0] !== 'requests' || parts.length > 2) return { page: 'unknown' }
  if (parts[1] === undefined) return { page: 'requests' }
  try {
    return { page: 'request', id: decodeURIComponent(parts[1]) }
  } catch {
    return { page: 'unknown' }
  }
}

/** The path of one request's page; the inverse of `parseRoute`. */
export function requestPath(id: string): string {
  return `/requests/${encodeURIComponent(id)}`
}
