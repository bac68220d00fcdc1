package winnow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// What went to a trap is learned once, kept, and nothing else is, whether the trap
// decides about the message or not.
func TestLearnTraps(t *testing.T) {
	for _, action := range []actions.Action{"", actions.Reject} {
		store, l := storage.NewMemory(storage.MemoryOptions{}), learner(t)
		after, err := winnow.LearnTraps(winnow.TrapOptions{Learner: l, List: store, Keep: 3})
		if err != nil {
			t.Fatal(err)
		}
		s := asking(t, winnow.Options{
			Families: []*checks.Family{spamtrap.New(spamtrap.Options{Addresses: []string{"trap@example.org"}, Action: action})},
			Learner:  l, After: []winnow.After{after},
		})
		send := func(n int, to string) {
			words := []string{"watches", "pills", "loans", "casinos"}[n]
			raw := fmt.Sprintf("From: ann@example.net\r\nSubject: offer %d\r\n\r\n%s", n, strings.Repeat("cheap "+words+" for "+words+" at "+words+"\r\n", 9))
			if _, err := s.Scan(t.Context(), &winnow.Message{Envelope: mail.Envelope{Rcpts: []string{to}}, Body: winnow.FromBytes([]byte(raw))}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 4 {
			send(n, "trap@example.org")
			send(n, "bob@example.org")
		}
		send(0, "trap@example.org")
		if n := l.Stats().Spam; n != 4 {
			t.Errorf("action %q: %v lessons, want 4: %+v", action, n, l.Stats())
		}
		kept, err := store.Items(t.Context(), winnow.TrapList, 0, 9)
		if err != nil || len(kept) != 3 || !strings.Contains(string(kept[1]), "offer 3") {
			t.Errorf("action %q: %q, %v", action, kept, err)
		}
		if stat := s.AfterStats()[0]; stat.Failed != 0 {
			t.Errorf("%+v", stat)
		}
	}
}

func TestLearnTrapsOptions(t *testing.T) {
	if _, err := winnow.LearnTraps(winnow.TrapOptions{}); err == nil {
		t.Error("it teaches nobody, and no error")
	}
	if _, err := winnow.LearnTraps(winnow.TrapOptions{List: storage.NewMemory(storage.MemoryOptions{}), Keep: -1}); err == nil {
		t.Error("Keep is negative, and no error")
	}
}
