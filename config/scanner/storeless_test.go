package scanner

import (
	"slices"
	"strings"
	"testing"
)

// What the files switch on and what has no store is told: at its place where a file
// of the operator's own speaks of it.
func TestStoreless(t *testing.T) {
	own := map[string]string{
		"local.d/greylist.conf":      "timeout = 4min;",
		"local.d/ratelimit.conf":     "rates { to { bucket { burst = 3; rate = \"1 / 1m\"; } } }",
		"local.d/replies.conf":       "enabled = false;",
		"local.d/reputation.conf":    "rules { ips { selector { ip { } } backend { redis { } } symbol = \"IPS\"; } }",
		"local.d/neural.conf":        "enabled = true;",
		"local.d/known_senders.conf": "enabled = true; domains = [\"example.org\"];",
		"local.d/spamtrap.conf":      "enabled = true;",
	}
	const redis = "local.d/redis.conf"
	for name, c := range map[string]struct {
		files     map[string]string
		general   bool
		told, not []string
		idle      string // of stock files
	}{
		"no files":                 {idle: "bayes greylist history_redis replies"},
		"own files":                {files: own, told: []string{"local.d/greylist.conf:1:1: greylist has no store", "ratelimit.conf", "reputation.conf", "neural.conf", "known_senders.conf", "spamtrap.conf"}, not: []string{"replies"}, idle: "bayes history_redis"},
		"a store of the program's": {files: own, general: true, not: []string{"has no store"}},
		"a server":                 {files: map[string]string{redis: "servers = \"127.0.0.1:1\";", "local.d/greylist.conf": "timeout = 4min;"}, not: []string{"has no store"}},
		"as the files say":         {files: map[string]string{redis: "servers = \"127.0.0.1:1\"; disabled_modules = [greylist];", "local.d/greylist.conf": "timeout = 4min;"}, not: []string{"has no store"}},
		"one module's own":         {files: map[string]string{"local.d/greylist.conf": "servers = \"127.0.0.1:1\";"}, not: []string{"greylist"}, idle: "bayes history_redis replies"},
		"lists in DNS": {files: map[string]string{"local.d/reputation.conf": "rules { ips { selector { ip { } } backend { dns { list = \"example.org\"; } } symbol = \"IPS\"; } }"},
			not: []string{"reputation has no store"}, idle: "bayes greylist history_redis replies"},
	} {
		s, err := Read(load(t, c.files), Base{Store: c.general})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.told {
			if !strings.Contains(said(s), text) {
				t.Errorf("%s: %q is not among %s", name, text, said(s))
			}
		}
		for _, text := range c.not {
			if strings.Contains(said(s), text) || slices.Contains(s.Storeless, text) {
				t.Errorf("%s: %q is among %s, %v", name, text, said(s), s.Storeless)
			}
		}
		if got := strings.Join(s.Storeless, " "); got != c.idle {
			t.Errorf("%s: of stock files %q, want %q", name, got, c.idle)
		}
	}
}
