/**
 * contrib/kubernetes as far as it can be held without a cluster: the fields that matter are there, names lead to each other,
 * the image is asked for what it has, and the data in it serves machines.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { imageConfig, USER } from '../../images/oci/image.ts'
import { parseInvocation } from '../../src/core/settings.ts'
import { createLab, requireLab } from '../support/lab.ts'
import { siteFlags, startServer } from '../support/server.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const ROOT = join(import.meta.dirname, '../..')

const rights = z.strictObject({
  runAsNonRoot: z.literal(true).optional(),
  runAsUser: z.literal(USER).optional(),
  runAsGroup: z.literal(USER).optional(),
  readOnlyRootFilesystem: z.literal(true),
  allowPrivilegeEscalation: z.literal(false),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
})

const probe = z.strictObject({ httpGet: z.strictObject({ path: z.string(), port: z.literal('http') }) })

const container = z.strictObject({
  name: z.literal('bootcfg'),
  image: z.string().regex(/\/bootcfg:\d+\.\d+\.\d+$/),
  args: z.array(z.string()),
  ports: z.tuple([z.strictObject({ name: z.literal('http'), containerPort: z.literal(8080) })]),
  readinessProbe: probe,
  livenessProbe: probe,
  resources: z.strictObject({
    requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
    limits: z.strictObject({ memory: z.string() }),
  }),
  securityContext: rights,
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })),
})

const configMapVolume = z.strictObject({
  name: z.string(),
  items: z.array(z.strictObject({ key: z.string(), path: z.string() })),
})

const pod = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  securityContext: z.looseObject({ seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }) }),
  initContainers: z.array(z.looseObject({ image: z.string(), command: z.array(z.string()) })).optional(),
  containers: z.tuple([container]),
  volumes: z.array(z.looseObject({ name: z.string(), configMap: configMapVolume.optional() })),
})

const labels = z.strictObject({ 'app.kubernetes.io/name': z.literal('bootcfg') })
const named = { name: z.string(), namespace: z.string().optional(), labels }

const object = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata: z.strictObject(named),
    spec: z.strictObject({
      replicas: z.literal(1),
      strategy: z.strictObject({ type: z.literal('Recreate') }).optional(),
      selector: z.strictObject({ matchLabels: labels }),
      template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('ConfigMap'),
    metadata: z.strictObject(named),
    data: z.record(z.string(), z.string()),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata: z.strictObject(named),
    spec: z.strictObject({
      type: z.literal('LoadBalancer'),
      selector: labels,
      ports: z.tuple([z.strictObject({ name: z.string(), port: z.int(), targetPort: z.literal('http') })]),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Namespace'),
    metadata: z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()) }),
  }),
])

type Kubernetes = z.infer<typeof object>

function read(name: string): Kubernetes[] {
  return z.array(object).parse(loadAll(readFileSync(join(ROOT, 'contrib/kubernetes', name), 'utf8')))
}

function only<K extends Kubernetes['kind']>(objects: readonly Kubernetes[], kind: K): Extract<Kubernetes, { kind: K }> {
  const found = objects.filter((one): one is Extract<Kubernetes, { kind: K }> => one.kind === kind)
  expect(found).toHaveLength(1)
  return found[0]!
}

const FILES = ['plain.yaml', 'network-boot.yaml'] as const

/** What the image sets, as `docker inspect` shows it. */
const IMAGE = imageConfig({ version: '0', architecture: 'amd64', epoch: 0 }, []).config

test.each(FILES)('%s: its fields are those that Kubernetes has, and it is given no rights', (name) => {
  const { spec } = only(read(name), 'Deployment').spec.template
  const [{ securityContext, volumeMounts, readinessProbe, livenessProbe }] = spec.containers
  expect({ ...spec.securityContext, ...securityContext }).toMatchObject({
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
  })
  expect(volumeMounts.map(({ name }) => name)).toEqual(spec.volumes.map(({ name }) => name))
  expect([readinessProbe.httpGet.path, livenessProbe.httpGet.path]).toEqual(['/readyz', '/healthz'])
})

test.each(FILES)('%s: the flags are ones that bootcfg knows, beside the variables of its image', (name) => {
  const [{ args }] = only(read(name), 'Deployment').spec.template.spec.containers
  const env = Object.fromEntries(IMAGE.Env.map((variable) => variable.split(/=(.*)/, 2)))
  const { settings } = parseInvocation(args, env)
  expect([settings.address, settings.config, settings['data-path']]).toEqual([
    ['0.0.0.0:8080'],
    '/data/config.yaml',
    '/data',
  ])
  expect(settings.net).toEqual(name === 'plain.yaml' ? [] : ['eth0'])
})

test('plain.yaml: a machine gets a script and a config from its data', async () => {
  const objects = read('plain.yaml')
  const { data } = only(objects, 'ConfigMap')
  const [volume] = only(objects, 'Deployment').spec.template.spec.volumes
  expect(volume?.configMap?.name).toBe(only(objects, 'ConfigMap').metadata.name)
  using site = temporaryFolder()
  const items = volume?.configMap?.items ?? []
  expect(items.map(({ key }) => key)).toEqual(Object.keys(data))
  writeFiles(site.path, Object.fromEntries(items.map(({ key, path }) => [path, data[key]!])))
  writeFiles(site.path, { 'assets/none': '' })
  await using server = await startServer(siteFlags(site.path))
  const script = await (await fetch(`${server.url}/ipxe?mac=52-54-00-00-00-01`)).text()
  expect(script).toContain('flatcar_production_pxe.vmlinuz')
  const ignition = await (await fetch(`${server.url}/ignition?mac=52-54-00-00-00-01`)).json()
  expect(ignition).toMatchObject({ ignition: { version: '3.3.0' }, passwd: { users: [{ sshAuthorizedKeys: [] }] } })
})

test('network-boot.yaml: its first container lets everyone have ports from 67 on', async (context) => {
  requireLab(context)
  const { initContainers = [] } = only(read('network-boot.yaml'), 'Deployment').spec.template.spec
  const [node, ...args] = initContainers.flatMap(({ command }) => command)
  expect(node).toBe(IMAGE.Entrypoint[0])
  await using lab = await createLab()
  const host = await lab.host('node', '')
  await host.run(process.execPath, ...args)
  const { stdout } = await host.run('cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start')
  expect(stdout).toBe('67\n')
})
