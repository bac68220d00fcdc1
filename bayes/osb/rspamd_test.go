package osb_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
)

func parse(t testing.TB, raw []byte) *mail.Message {
	t.Helper()
	return mail.Parse(raw, mail.Envelope{}, mail.Limits{})
}

// rspamdKeys reads the ids of the tokens in a list of keys of Redis.
func rspamdKeys(t *testing.T, path string) map[uint64]bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[uint64]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if id, err := strconv.ParseUint(strings.TrimPrefix(s.Text(), "RS_"), 10, 64); err == nil {
			out[id] = true
		}
	}
	return out
}

// TestKeysOfRspamd compares with the keys that Rspamd 4.1.6 left when it had
// learned the same mails.
func TestKeysOfRspamd(t *testing.T) {
	dir := shared.Path(t, "reference/rspamd-api/4.1.6-sessions")
	for _, c := range []struct {
		keys  string
		mails []string
		share float64
	}{
		{"redis-redis-keys.txt", []string{"ham1", "spam1", "spam2"}, 1},
		// It had the fields of ham2 in another order.
		{"rspamc-redis-keys.txt", []string{"ham1", "ham2", "spam1", "spam2"}, .97},
		{"multiclass-redis-keys.txt", []string{"ham1", "ham2", "spam1", "spam2"}, 1},
	} {
		theirs := rspamdKeys(t, dir+"/"+c.keys)
		ours := map[uint64]string{}
		for _, name := range c.mails {
			raw, err := os.ReadFile(dir + "/mails/" + name + ".eml")
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range osb.Tokens(parse(t, raw), osb.Rspamd416, osb.Seen{}) {
				ours[k.ID] += name + " "
			}
		}
		same := 0
		by := map[string]int{}
		for id, name := range ours {
			if theirs[id] {
				same++
			} else {
				by[name]++
			}
		}
		t.Logf("%s: %d keys of Rspamd's, %d of ours, the same %d", c.keys, len(theirs), len(ours), same)
		if share := float64(same) / float64(max(len(theirs), len(ours))); share < c.share {
			t.Errorf("%s: only %.1f %% are the same; only ours: %v", c.keys, 100*share, by)
		}
	}
}
