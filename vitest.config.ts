import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `scripts/test -all` adds the long ones.
    exclude: process.env['BOOTCFG_TEST_ALL'] ? configDefaults.exclude : [...configDefaults.exclude, 'test/long/**'],
    // Each processor has its own: vitest leaves one idle, and of two that is half. Machines of QEMU use one each.
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
