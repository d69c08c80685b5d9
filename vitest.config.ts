import { defineConfig } from 'vitest/config'

const conditions = ['signalbox-source']
const resolve = { conditions }
const ssr = { resolve: { conditions } }

/**
 * unit: beside the code, in threads without isolation (module state is banned, so files cannot leak into each other).
 * system: sockets, processes and browsers, one file at a time.
 */
export default defineConfig({
  test: {
    reporters: ['default', './tools/count-reporter.ts'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.prop.test.ts', 'tools/**/*.test.ts', 'conformance/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'system',
          include: ['packages/*/test/**/*.test.ts'],
          pool: 'forks',
          isolate: true,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
