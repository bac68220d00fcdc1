package mxcheck

import "net/netip"

// isLocal tells loopback addresses and those of private networks: an MX there
// would be a host of our own, not of the sender's.
func isLocal(ip netip.Addr) bool { return contains(localNets, ip) }

// isBogon tells addresses that no host of the Internet has.
func isBogon(ip netip.Addr) bool { return contains(bogonNets, ip) }

func contains(nets []netip.Prefix, ip netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) []netip.Prefix {
	nets := make([]netip.Prefix, len(list))
	for i, s := range list {
		nets[i] = netip.MustParsePrefix(s)
	}
	return nets
}

var localNets = prefixes(
	"127.0.0.0/8", "::1/128", // loopback
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // RFC 6598, carriers' networks
	"fc00::/7",      // RFC 4193
)

var bogonNets = prefixes(
	"169.254.0.0/16", "fe80::/10", // link-local
	"0.0.0.0/8", "::/128", // this host
	"192.0.0.0/24",                                                       // protocol assignments
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", // documentation
	"192.88.99.0/24",          // 6to4 relays, given up
	"198.18.0.0/15",           // benchmarks
	"224.0.0.0/4", "ff00::/8", // multicast
	"240.0.0.0/4",              // reserved
	"64:ff9b::/96", "100::/64", // translated and discarded
)
