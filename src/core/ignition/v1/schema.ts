/**
 * The fields of an Ignition v1 config, in the order in which they are written. The one table decodes JSON and YAML, and
 * encodes JSON; a YAML key is the JSON key in snake case.
 *
 * Source: config/v1 of CoreOS Ignition 0.3, which bootcfg 0.2 was built with.
 */
import {
  checkDevicePath,
  checkDisk,
  checkDropinName,
  checkFileMode,
  checkFilesystemFormat,
  checkNetworkdUnitName,
  checkPartitionLabel,
  checkPartitionTypeGuid,
  checkRaid,
  checkSystemdUnitName,
} from './checks.ts'
import { always, bool, field, int, list, place, pointer, size, string, struct, uint, uint32 } from './types.ts'

const devicePath = string('config.Path', checkDevicePath)

const partition = struct('config.Partition', [
  field('label', string('config.PartitionLabel', checkPartitionLabel)),
  always('number', int),
  always('size', size),
  always('start', place),
  field('typeGuid', string('config.PartitionTypeGUID', checkPartitionTypeGuid)),
])

const disk = struct(
  'config.Disk',
  [field('device', devicePath), field('wipeTable', bool), field('partitions', list(partition))],
  checkDisk,
)

const raid = struct(
  'config.Raid',
  [always('name', string()), always('level', string()), field('devices', list(devicePath)), field('spares', int)],
  checkRaid,
)

const file = struct('config.File', [
  field('path', string('config.Path')),
  field('contents', string()),
  field('mode', uint32('config.FileMode', checkFileMode)),
  field('uid', int),
  field('gid', int),
])

const filesystemCreate = struct('config.FilesystemCreate', [field('force', bool), field('options', list(string()))])

const filesystem = struct('config.Filesystem', [
  field('device', devicePath),
  field('format', string('config.FilesystemFormat', checkFilesystemFormat)),
  field('create', pointer(filesystemCreate)),
  field('files', list(file)),
])

const dropin = struct('config.SystemdUnitDropIn', [
  field('name', string('config.SystemdUnitDropInName', checkDropinName)),
  field('contents', string()),
])

const systemdUnit = struct('config.SystemdUnit', [
  field('name', string('config.SystemdUnitName', checkSystemdUnitName)),
  field('enable', bool),
  field('mask', bool),
  field('contents', string()),
  field('dropins', list(dropin)),
])

const networkdUnit = struct('config.NetworkdUnit', [
  field('name', string('config.NetworkdUnitName', checkNetworkdUnitName)),
  field('contents', string()),
])

const userCreate = struct('config.UserCreate', [
  field('uid', pointer(uint)),
  field('gecos', string()),
  field('homeDir', string()),
  field('noCreateHome', bool),
  field('primaryGroup', string()),
  field('groups', list(string())),
  field('noUserGroup', bool),
  field('system', bool),
  field('noLogInit', bool),
  field('shell', string()),
])

const user = struct('config.User', [
  field('name', string()),
  field('passwordHash', string()),
  field('sshAuthorizedKeys', list(string())),
  field('create', pointer(userCreate)),
])

const group = struct('config.Group', [
  field('name', string()),
  field('gid', pointer(uint)),
  field('passwordHash', string()),
  field('system', bool),
])

export const config = struct('config.Config', [
  always('ignitionVersion', int),
  field(
    'storage',
    struct('config.Storage', [
      field('disks', list(disk)),
      field('raid', list(raid)),
      field('filesystems', list(filesystem)),
    ]),
  ),
  field('systemd', struct('config.Systemd', [field('units', list(systemdUnit))])),
  field('networkd', struct('config.Networkd', [field('units', list(networkdUnit))])),
  field('passwd', struct('config.Passwd', [field('users', list(user)), field('groups', list(group))])),
])
