package winnow_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
)

// Checks that ask DNS run side by side, and without DNS, where nothing is to
// wait for, one after the other.
func TestChecksWithoutDNS(t *testing.T) {
	for name, c := range map[string]struct {
		dns  resolver.Resolver
		want time.Duration
	}{
		"with DNS":    {resolver.None, 10 * time.Millisecond},
		"without DNS": {nil, 30 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			var all []*checks.Check
			for _, name := range []string{"a", "b", "c"} {
				check := run(name, func(context.Context, *checks.Task) error { time.Sleep(10 * time.Millisecond); return nil })
				check.Needs.DNS = true
				all = append(all, check)
			}
			o := options(all...)
			o.DNS.Resolver = c.dns
			if res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))}); res.Took != c.want || len(res.Incomplete) > 0 {
				t.Errorf("%s: %v, incomplete %v, want %v", name, res.Took, res.Incomplete, c.want)
			}
		})
	}
}
