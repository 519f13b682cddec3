import { BlockList, isIP } from 'node:net';

/** Addresses that are not of the public internet. Source: IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates). */
const PRIVATE: readonly (readonly [net: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  // ::ffff:0:0/96 is left out: Node looks at the IPv4 address inside.
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

const blocked = new BlockList();
for (const [net, prefix, family] of PRIVATE) blocked.addSubnet(net, prefix, family);

/** True for an address of this machine, of a private network, or of no host at all. `address` is what a name stands for, or was written. */
export function isPrivate(address: string): boolean {
  return blocked.check(bare(address), isIP(bare(address)) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * True when the configuration lets a private address be called. `allowed` are its entries: the name of a host, `*.name` for all below
 * it, an address, a network (`10.0.0.0/8`), each with `:port` when only that one is meant.
 */
export function isAllowed(host: string, address: string, port: number, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const { name, port: only } = entryOf(entry);
    if (only !== undefined && only !== port) return false;
    const wanted = bare(host).toLowerCase();
    if (name.startsWith('*.')) return wanted.endsWith(name.slice(1));
    if (!name.includes('/')) return name === wanted || (isIP(name) !== 0 && sameAddress(name, bare(address)));
    const [net = '', prefix = ''] = name.split('/');
    const family = isIP(net);
    if (family === 0 || isIP(bare(address)) !== family) return false;
    const list = new BlockList();
    list.addSubnet(net, Math.min(Number(prefix), family === 6 ? 128 : 32), family === 6 ? 'ipv6' : 'ipv4');
    return list.check(bare(address), family === 6 ? 'ipv6' : 'ipv4');
  });
}

function entryOf(entry: string): { readonly name: string; readonly port?: number } {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(entry);
  // An IPv6 address without brackets has no port.
  if (match === null) return { name: entry.toLowerCase() };
  return { name: bare(match[1] ?? '').toLowerCase(), ...(match[2] !== undefined && { port: Number(match[2]) }) };
}

function sameAddress(one: string, other: string): boolean {
  if (isIP(one) !== isIP(other)) return false;
  const list = new BlockList();
  list.addAddress(one, isIP(one) === 6 ? 'ipv6' : 'ipv4');
  return list.check(other, isIP(other) === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets that IPv6 addresses have in URLs. */
function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
