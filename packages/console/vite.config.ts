/** Built with `vite build packages/console`. Hashed assets under `dist/assets`, nothing inline, so that a strict content security policy holds. */
export default {
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: 'dist', emptyOutDir: true, sourcemap: false, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
}
