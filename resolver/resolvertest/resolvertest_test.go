package resolvertest_test

import (
	"testing"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

func TestZone(t *testing.T) {
	resolvertest.Test(t, func(_ *testing.T, w resolvertest.World) resolver.Resolver { return zone.Must(w.Zone) })
}

func open(o dnsclient.Options) func(t *testing.T, w resolvertest.World) resolver.Resolver {
	return func(t *testing.T, w resolvertest.World) resolver.Resolver {
		o.Servers, o.Timeout = w.Servers, w.Timeout
		c, err := dnsclient.New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
}

func TestClient(t *testing.T) {
	t.Run("cached", func(t *testing.T) { resolvertest.TestClient(t, open(dnsclient.Options{})) })
	t.Run("uncached", func(t *testing.T) {
		resolvertest.TestClient(t, open(dnsclient.Options{CacheBytes: -1, MixedCase: true}))
	})
	t.Run("rotating", func(t *testing.T) { resolvertest.TestClient(t, open(dnsclient.Options{Rotate: true})) })
}
