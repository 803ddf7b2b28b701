/**
 * What is there to read before the first machine was heard: what to plug in, what to type.
 */
import { h } from 'preact'

import { command, emptyPage, mono } from '../parts.js'

/** @import { Site } from '../main.js' */

/** @param {Site} site */
export function gettingStarted(site) {
  const dhcp = site.api.host().value?.modules.find(({ name }) => name === 'dhcp')
  return emptyPage(
    'No machine has been heard yet',
    dhcp === undefined || dhcp.state === 'off' ? switchOn() : plugIn(dhcp.detail),
    h('p', null, 'Without a machine at hand, ask as one would; it appears here at once:'),
    command(`curl '${location.origin}/ipxe?mac=52-54-00-00-00-01'`),
    h('p', null, 'What it would get from every part of this server, and why:'),
    command('bootcfg explain -mac 52:54:00:00:00:01 -arch x64-uefi'),
  )
}

/** @param {string} where - DHCP answers */
function plugIn(where) {
  return h(
    'ol',
    { class: 'steps' },
    h('li', null, 'Connect a machine to the network of ', where === '' ? 'this server' : mono(where), '.'),
    h('li', null, 'In its firmware setup put network boot (PXE or UEFI HTTP boot, IPv4) first.'),
    h('li', null, 'Switch it on. Its first packet makes it appear here.'),
  )
}

function switchOn() {
  return [
    h('p', null, 'This server answers HTTP only: machines find it when your DHCP server leads their iPXE here.'),
    command(`chain ${location.origin}/boot.ipxe`),
    h('p', null, 'Or let it answer their firmware as well, on the interface that they are connected to:'),
    command('bootcfg -net eth0'),
  ]
}
