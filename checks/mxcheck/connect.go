package mxcheck

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// What the store keeps of an address, as Rspamd 4.1.6 writes it; "err:" is
// followed by a reply code.
const (
	codeGood           = "gd"
	codeRefused        = "rf"
	codeTimeoutConnect = "tc"
	codeTimeoutRead    = "tr"
	codeInvalid        = "inv"
	codeError          = "err:"
	codeLock           = "l"
	// codeFailed is a failure of this host; it is never stored.
	codeFailed = "tc!"
)

// outcome returns what a stored code means.
func outcome(code string) (o Outcome, reply string, ok bool) {
	switch code {
	case codeGood:
		return Good, "", true
	case codeRefused:
		return Refused, "", true
	case codeTimeoutConnect, codeFailed:
		return TimeoutConnect, "", true
	case codeTimeoutRead:
		return TimeoutRead, "", true
	case codeInvalid:
		return Invalid, "", true
	}
	if len(code) == 7 && code[:4] == codeError && (code[4] == '4' || code[4] == '5') && isDigit(code[5]) && isDigit(code[6]) {
		return Error, code[4:], true
	}
	return "", "", false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ttl is how long a code is kept, 0: not at all.
func (c *check) ttl(code string) time.Duration {
	switch code {
	case codeFailed:
		return 0
	case codeTimeoutConnect:
		return c.ExpireTimeout
	case codeRefused, codeInvalid:
		return c.ExpireInvalid
	}
	return c.Expire
}

func key(ip netip.Addr) string { return "rmx:i:" + ip.String() }

// connect comes to a verdict for the lookups that have addresses: from what
// the store has of one of these, or by a connection to the first.
func (c *check) connect(ctx context.Context, t *checks.Task, list []*lookup) {
	open := slices.DeleteFunc(slices.Clone(list), func(l *lookup) bool { return l.Outcome != unknown || len(l.ips) == 0 })
	if len(open) == 0 {
		return
	}
	c.fromStore(ctx, t.Store(), open)
	var targets []netip.Addr
	for _, l := range open {
		if l.Outcome == unknown && !slices.Contains(targets, l.ips[0]) {
			targets = append(targets, l.ips[0])
		}
	}
	if len(targets) == 0 {
		return
	}
	codes, _ := checks.Observe(t, "connections", func() []string { return c.probeAll(ctx, targets) })
	for i, ip := range targets {
		if i >= len(codes) {
			break
		}
		if ttl := c.ttl(codes[i]); ttl > 0 && t.Store() != nil && ctx.Err() == nil {
			if err := t.Store().Set(ctx, key(ip), []byte(codes[i]), ttl); err != nil {
				t.Log().Debug("can't keep an outcome", "err", err)
			}
		}
		for _, l := range open {
			if l.Outcome == unknown && l.ips[0] == ip {
				l.Outcome, l.Code, _ = outcome(codes[i])
			}
		}
	}
}

// fromStore takes verdicts from the store, and locks the addresses that are
// to be connected to.
func (c *check) fromStore(ctx context.Context, store storage.KV, open []*lookup) {
	if store == nil {
		return
	}
	var keys []string
	for _, l := range open {
		for _, ip := range l.ips {
			if !slices.Contains(keys, key(ip)) {
				keys = append(keys, key(ip))
			}
		}
	}
	values, err := store.GetMany(ctx, keys)
	known := map[string]string{}
	for i := range keys {
		if err == nil && values[i] != nil {
			known[keys[i]] = string(values[i])
		}
	}
	locked := map[string]*lookup{} // who asked for the lock in this scan
	for _, l := range open {
		for _, ip := range l.ips {
			code, ok := known[key(ip)]
			if ok && l.take(code) {
				break
			}
		}
		if l.Outcome != unknown {
			continue
		}
		first := key(l.ips[0])
		if other := locked[first]; other != nil {
			l.Outcome, l.Code = other.Outcome, other.Code
			continue
		}
		locked[first] = l
		c.lock(ctx, store, l, first, known[first] != "")
	}
}

// take takes a verdict from a stored code; it returns false for an unknown
// code.
func (l *lookup) take(code string) bool {
	if code == codeLock {
		l.Outcome = InFlight
		return true
	}
	o, reply, ok := outcome(code)
	if ok {
		l.Outcome, l.Code = o, reply
	}
	return ok
}

// lock takes the right to connect to an address, or the verdict of a scan that
// was faster. With overwrite it replaces a value that makes no sense.
func (c *check) lock(ctx context.Context, store storage.KV, l *lookup, key string, overwrite bool) {
	ttl := c.ConnectTimeout + time.Second
	if c.VerifyGreeting {
		ttl += c.ReadTimeout
	}
	if !overwrite {
		was, err := store.Add(ctx, key, []byte(codeLock), ttl)
		if err != nil {
			l.Outcome = StoreError
			return
		}
		if was == nil || l.take(string(was)) {
			return
		}
	}
	if err := store.Set(ctx, key, []byte(codeLock), ttl); err != nil {
		l.Outcome = StoreError
	}
}

// probeAll connects to all targets at the same time.
func (c *check) probeAll(ctx context.Context, targets []netip.Addr) []string {
	codes := make([]string, len(targets))
	var wg sync.WaitGroup
	for i, ip := range targets {
		wg.Go(func() { codes[i] = c.probe(ctx, ip) })
	}
	wg.Wait()
	return codes
}
