package dnsclient

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// complete validates, fills in the defaults and returns the servers.
func (o *Options) complete() ([]netip.AddrPort, error) {
	for _, n := range []struct {
		name string
		bad  bool
	}{
		{"Timeout", o.Timeout < 0}, {"Attempts", o.Attempts < 0 || o.Attempts > maxAttempts},
		{"MaxInFlight", o.MaxInFlight < 0}, {"CacheBytes", o.CacheBytes > 0 && o.CacheBytes < minCacheBytes},
		{"MaxTTL", o.MaxTTL < 0}, {"MaxNegativeTTL", o.MaxNegativeTTL < 0}, {"FailureTTL", o.FailureTTL > maxFailureTTL},
	} {
		if n.bad {
			return nil, fmt.Errorf("dnsclient: %s is out of bounds", n.name)
		}
	}
	servers, err := o.findServers()
	if err != nil {
		return nil, err
	}
	orElse(&o.Timeout, DefaultTimeout)
	orElse(&o.Attempts, DefaultAttempts)
	orElse(&o.MaxInFlight, DefaultMaxInFlight)
	orElse(&o.CacheBytes, DefaultCacheBytes)
	orElse(&o.MaxTTL, DefaultMaxTTL)
	orElse(&o.MaxNegativeTTL, DefaultMaxNegativeTTL)
	orElse(&o.FailureTTL, DefaultFailureTTL)
	return servers, nil
}

func orElse[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func (o *Options) findServers() ([]netip.AddrPort, error) {
	if len(o.Servers) == 0 || len(o.Servers) == 1 && o.Servers[0] == "system" {
		return o.systemServers()
	}
	if len(o.Servers) > maxServers {
		return nil, fmt.Errorf("dnsclient: more than %d servers", maxServers)
	}
	var servers []netip.AddrPort
	for _, s := range o.Servers {
		a, err := parseServer(s)
		if err != nil {
			return nil, fmt.Errorf("dnsclient: %w", err)
		}
		servers = append(servers, a)
	}
	return servers, nil
}

func (o *Options) systemServers() ([]netip.AddrPort, error) {
	path := o.ResolvConf
	if path == "" {
		path = "/etc/resolv.conf"
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dnsclient: %w", err)
	}
	defer f.Close()
	conf, err := parseResolvConf(io.LimitReader(f, maxResolvConf))
	if err != nil {
		return nil, fmt.Errorf("dnsclient: %s: %w", path, err)
	}
	if len(conf.servers) == 0 {
		return nil, fmt.Errorf("dnsclient: %s names no server", path)
	}
	orElse(&o.Timeout, conf.timeout)
	orElse(&o.Attempts, min(conf.attempts*len(conf.servers), maxAttempts))
	o.Rotate = o.Rotate || conf.rotate
	return conf.servers, nil
}

// parseServer reads an address with or without a port.
func parseServer(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
		if err != nil {
			return a, fmt.Errorf("%q is no address of a DNS server", s)
		}
		a = netip.AddrPortFrom(ip, 53)
	}
	if a.Port() == 0 || a.Addr().IsMulticast() {
		return a, fmt.Errorf("%q is no address of a DNS server", s)
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

const (
	maxResolvConf = 64 << 10
	// The bounds that resolv.conf(5) names.
	maxConfTimeout  = 30
	maxConfAttempts = 5
)

// A resolvConf is what is used of resolv.conf(5); zero numbers are not set.
type resolvConf struct {
	servers  []netip.AddrPort
	timeout  time.Duration
	attempts int // for each server
	rotate   bool
}

// parseResolvConf skips what it does not know and servers it cannot read, as
// the C library does.
func parseResolvConf(r io.Reader) (resolvConf, error) {
	var conf resolvConf
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			if a, err := parseServer(words[1]); err == nil && len(conf.servers) < maxServers {
				conf.servers = append(conf.servers, a)
			}
		case "options":
			for _, w := range words[1:] {
				conf.option(w)
			}
		}
	}
	return conf, lines.Err()
}

func (conf *resolvConf) option(word string) {
	name, value, _ := strings.Cut(word, ":")
	n, err := strconv.Atoi(value)
	switch {
	case name == "rotate":
		conf.rotate = true
	case err != nil || n < 1:
	case name == "timeout":
		conf.timeout = time.Duration(min(n, maxConfTimeout)) * time.Second
	case name == "attempts":
		conf.attempts = min(n, maxConfAttempts)
	}
}
