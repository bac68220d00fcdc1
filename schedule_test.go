package winnow_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// Checks that ask DNS wait side by side, and where nothing is to wait for, without
// DNS or with the replies at hand, they run one after the other.
func TestChecksThatAskDNS(t *testing.T) {
	slow := zone.Must("*.example A 192.0.2.1\n*.example !delay 10ms")
	for name, c := range map[string]struct {
		dns  resolver.Resolver
		work time.Duration
		want time.Duration
	}{
		"with DNS":             {slow, 0, 10 * time.Millisecond},
		"with DNS, then work":  {slow, 10 * time.Millisecond, 20 * time.Millisecond},
		"with replies at hand": {atHand{slow}, 10 * time.Millisecond, 30 * time.Millisecond},
		"without DNS":          {nil, 10 * time.Millisecond, 30 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			var all []*checks.Check
			for _, name := range []string{"a", "b", "c"} {
				check := run(name, func(ctx context.Context, t *checks.Task) error {
					t.Resolver().Lookup(ctx, name+".example", resolver.TypeA)
					time.Sleep(c.work)
					return nil
				})
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

// atHand knows all replies.
type atHand struct{ resolver.Resolver }

func (atHand) Recall(context.Context, resolver.Question) (resolver.Reply, bool) {
	return resolver.Reply{Err: resolver.ErrNotFound}, true
}
