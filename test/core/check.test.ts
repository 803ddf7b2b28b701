/**
 * What `bootcfg check` finds, by the program itself as a person starts it.
 */
import { execFileSync } from 'node:child_process'

import { describe, expect, test } from 'vitest'

import type { Problem } from '../../src/core/check.ts'
import { runBootcfg } from '../support/server.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const HEAD = 'api_version: v1alpha1\ngroups:\n'

const GOOD = {
  'config.yaml': `${HEAD}  - name: a\n    spec: s\n    metadata: {role: x}\n`,
  'specs/s/spec.json': '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "c"}',
  'ignition/i.yaml': 'ignition_version: 1\n',
  'cloud/c': '#!/bin/sh\necho {{.role}}\n',
}

/** Each problem as `file:line:column severity code: message`, the folder left out. */
async function check(
  files: Record<string, string>,
  flags: string[] = [],
): Promise<{ status: number | null; problems: string[] }> {
  using folder = temporaryFolder()
  writeFiles(folder.path, { 'assets/kernel': 'k', ...files })
  if (files['specs/s/spec.json']?.includes('fifo')) execFileSync('mkfifo', [`${folder.path}/cloud/fifo`])
  const at = [
    '-config',
    `${folder.path}/config.yaml`,
    '-data-path',
    folder.path,
    '-assets-path',
    `${folder.path}/assets`,
  ]
  const { status, stdout } = await runBootcfg(['check', '-json', ...at, ...flags])
  const { problems } = JSON.parse(stdout) as { problems: Problem[] }
  const lines = problems.map(({ file, line, column, severity, code, message }) => {
    const place = [file.replace(`${folder.path}/`, ''), line, column].filter((part) => part !== null).join(':')
    return `${place} ${severity} ${code}: ${message}`
  })
  return { status, problems: lines }
}

test('a good data directory has no problem', async () => {
  expect(await check(GOOD)).toEqual({ status: 0, problems: [] })
})

describe('finds', () => {
  const cases: [rule: string, files: Record<string, string>, status: number, problems: (string | RegExp)[]][] = [
    [
      'a group whose spec is unknown, and the spec that nobody names',
      { 'config.yaml': `${HEAD}  - name: a\n    spec: t\n` },
      1,
      [
        'config.yaml:3 error unknown-spec: group "a" names spec "t", but specs/t/spec.json does not exist',
        'specs/s/spec.json warning unused-spec: no group names this spec',
      ],
    ],
    [
      'files that a spec names and that are not there, and files that nobody names',
      { 'specs/s/spec.json': '{"id": "s", "ignition_id": "other", "cloud_id": "c"}' },
      1,
      [
        'ignition/i.yaml warning unused-file: no spec names this file as its ignition_id',
        'specs/s/spec.json error missing-file: ignition_id names ignition/other, which does not exist',
      ],
    ],
    [
      'a template that cannot be parsed',
      { 'cloud/c': '#!/bin/sh\necho {{if}}\n' },
      1,
      [/^cloud\/c:2:\d+ error template-parse: missing value for if/],
    ],
    [
      'a template that fails',
      { 'cloud/c': '#!/bin/sh\n{{index .role 9}}\n' },
      1,
      [/^cloud\/c:2:\d+ error template-exec: .*index out of range.*, for group "a" \(line 3 of the groups file\)$/],
    ],
    [
      'metadata that a template uses but a group lacks, once for all groups',
      {
        'config.yaml': `${GOOD['config.yaml']}  - {name: b, spec: s, require: {x: "1"}}\n  - {name: c, spec: s, require: {x: "2"}}\n`,
      },
      0,
      [
        /^cloud\/c:2:\d+ warning missing-metadata: \.role is not in the metadata of group "c" \(line 7 of the groups file\) and 1 more$/,
      ],
    ],
    [
      'no metadata that a template only asks about',
      { 'cloud/c': '#!/bin/sh\n{{if .no}}{{.no}}{{end}}{{with .no}}{{.}}{{end}}\n' },
      0,
      [],
    ],
    [
      'YAML that is none',
      { 'cloud/c': '#cloud-config\na: [1\n' },
      1,
      [/^cloud\/c:\d+:\d+ error yaml: .*, for group "a"/],
    ],
    [
      'YAML that is none once it is rendered',
      { 'cloud/c': '#cloud-config\na: [{{.role}}\n' },
      1,
      [/^cloud\/c error yaml: line \d+, column \d+ of the rendered text: .*, for group "a"/],
    ],
    ['a cloud-config that is none', { 'cloud/c': 'hello\n' }, 1, [/^cloud\/c.* error cloud-config: /]],
    [
      'Ignition that is not valid',
      { 'ignition/i.yaml': 'ignition_version: 1\nsystemd:\n  units: [{name: x}]\n' },
      1,
      [/^ignition\/i\.yaml:3.* error ignition: .*invalid systemd unit extension/],
    ],
    [
      'Butane, which is not supported yet',
      { 'ignition/i.yaml': 'variant: fcos\nversion: 1.5.0\n' },
      1,
      [/^ignition\/i\.yaml.* error ignition: Butane is not supported yet/],
    ],
    [
      'a spec that is no JSON',
      { 'specs/s/spec.json': '{"id": "s",\n]' },
      1,
      [/unused-file/, /unused-file/, /^specs\/s\/spec\.json:2:1 error json: invalid character ']'/],
    ],
    [
      'an id that is not that of the folder',
      { 'specs/s/spec.json': '{"id": "t", "ignition_id": "i.yaml", "cloud_id": "c"}' },
      0,
      ['specs/s/spec.json warning spec-id: its id is "t", but the name of its folder counts: "s"'],
    ],
    [
      'a MAC address that is not normalised, and goes on looking',
      { 'config.yaml': `${GOOD['config.yaml']}    require: {mac: 52-54-00-A1-9C-AE}\n  - {spec: t}\n` },
      1,
      [
        'config.yaml:6 error groups: require.mac must be written "52:54:00:a1:9c:ae", not "52-54-00-A1-9C-AE"',
        'config.yaml:7 error unknown-spec: group "the default group" names spec "t", but specs/t/spec.json does not exist',
      ],
    ],
    [
      'two groups with the same requirements',
      { 'config.yaml': `${GOOD['config.yaml']}  - {name: b, spec: s, metadata: {role: y}}\n` },
      0,
      [
        'config.yaml:6 warning same-requirements: group "b" requires the same as the group on line 3, which wins: it is never matched',
      ],
    ],
    [
      'a uuid that no machine reports',
      { 'config.yaml': `${GOOD['config.yaml']}    require: {uuid: ABC}\n` },
      0,
      ['config.yaml:3 warning uuid-case: group "a" requires uuid ABC; machines report theirs in lower case, write abc'],
    ],
    [
      'kernels and initrds that are not there',
      {
        'specs/s/spec.json':
          '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "c", "boot": {"kernel": "/assets/kernel", "initrd": ["assets/gone"]}}',
      },
      0,
      ['specs/s/spec.json warning missing-asset: names /assets/gone, which does not exist below the assets path'],
    ],
    [
      'no kernels whose path is not plain',
      {
        'specs/s/spec.json':
          '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "c", "boot": {"kernel": "/assets/${arch}/x", "initrd": ["http://elsewhere/assets/y"]}}',
      },
      0,
      [],
    ],
    [
      'several initrds, of which iPXE fetches the first',
      {
        'specs/s/spec.json':
          '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "c", "boot": {"kernel": "k", "initrd": ["a", "b"]}}',
      },
      0,
      [
        'specs/s/spec.json warning several-initrds: has several initrds; iPXE fetches the first and takes the others for its arguments, so that the kernel finds none: join them into one file (cat a b > c)',
      ],
    ],
    [
      'a FIFO, without waiting for it',
      { 'specs/s/spec.json': '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "fifo"}', 'cloud/c': '' },
      1,
      [/unused-file/, 'cloud/fifo error unreadable: not a regular file'],
    ],
    [
      'a groups file that is no YAML, and what is wrong elsewhere',
      { 'config.yaml': 'groups: [', 'cloud/c': '{{' },
      1,
      [/^config\.yaml:1:\d+ error yaml: /, /^cloud\/c:1.* error template-parse/, /unused-spec/],
    ],
    [
      'a broken Liquid partial',
      {
        'specs/s/spec.json': '{"id": "s", "ignition_id": "i.yaml", "cloud_id": "l.liquid"}',
        'cloud/l.liquid': '#!/bin/sh\n{% render "gone" %}\n',
        'cloud/c': '',
      },
      1,
      [/unused-file/, /^cloud\/l\.liquid:2.* error template-/],
    ],
  ]
  for (const [rule, files, status, problems] of cases) {
    test(rule, async () => {
      const found = await check({ ...GOOD, ...files })
      expect(found.problems).toEqual(
        problems.map((problem) => (typeof problem === 'string' ? problem : expect.stringMatching(problem))),
      )
      expect(found.status).toBe(status)
    })
  }
})

test('a missing groups file or data directory is a problem like others', async () => {
  const { status, stdout } = await runBootcfg(['check', '-config', '/nowhere/c.yaml', '-data-path', '/nowhere'])
  expect(status).toBe(1)
  expect(stdout).toBe(
    '/nowhere/c.yaml: error: cannot be read: no such file or directory [unreadable]\n/nowhere: error: no such file or directory [unreadable]\n2 errors, 0 warnings\n',
  )
})

test('people read a line a problem, as compilers write it', async () => {
  using folder = temporaryFolder()
  writeFiles(folder.path, { ...GOOD, 'cloud/unused': '#!/bin/sh\n' })
  const { status, stdout } = await runBootcfg([
    'check',
    '-config',
    `${folder.path}/config.yaml`,
    '-data-path',
    folder.path,
  ])
  expect(status).toBe(0)
  expect(stdout).toBe(
    `${folder.path}/cloud/unused: warning: no spec names this file as its cloud_id [unused-file]\n0 errors, 1 warning\n`,
  )
})
