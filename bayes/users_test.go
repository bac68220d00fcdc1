package bayes

import (
	"errors"
	"math"
	"testing"
)

// taughtUsers has a user label mails against everybody else's opinion.
func taughtUsers(t *testing.T, o Options) *Learner {
	t.Helper()
	o.Users = true
	l := open(t, o)
	for n := range 60 {
		learn(t, l, n, classOf(n))
	}
	for n := 200; n < 230; n++ {
		c := lesson(l, n, Ham)
		c.User = "bob@example.net"
		if r, err := l.Learn(t.Context(), c); err != nil || r.Outcome != Learned && r.Outcome != Known {
			t.Fatal(r, err)
		}
		c = lesson(l, n, classOf(n))
		c.User = "eve@example.net"
		if r, err := l.Learn(t.Context(), c); err != nil || r.Was != "" {
			t.Fatalf("one user's lesson is another's: %+v, %v", r, err)
		}
	}
	return l
}

// odds are the log-odds of a fresh spam for a user.
func odds(l *Learner, user string) float64 {
	return l.Judge(lesson(l, 1000, Spam).Features, user).LogOdds
}

func TestUsersDiffer(t *testing.T) {
	store := memory(t)
	l := taughtUsers(t, Options{Store: store})
	bob, eve := odds(l, "bob@example.net"), odds(l, "eve@example.net")
	if bob > 0 || eve < 1 || odds(l, "dan@example.net") < bob {
		t.Errorf("spam for bob, who wants it, %.2f, for eve %.2f, for dan %.2f", bob, eve, odds(l, "dan@example.net"))
	}
	list, err := l.ExportUser(t.Context(), "bob@example.net")
	if err != nil || len(list) != 30 || list[0].Class != Ham || list[0].Source != "correction" || list[0].Time.IsZero() {
		t.Errorf("bob's lessons: %d, %v", len(list), err)
	}
	again := open(t, Options{Store: store, Users: true})
	if got := odds(again, "bob@example.net"); got != bob {
		t.Errorf("%.2f after a restart, was %.2f", got, bob)
	}
}

// TestResetUserOfAnySeed: who began anew is judged as one who never taught. What is
// left of a difference, a small part of what the lessons made, is what collides in the
// tables, and a seed decides that.
func TestResetUserOfAnySeed(t *testing.T) {
	const seeds = 12
	off := 0.
	for n := range uint64(seeds) {
		o := Options{Store: memory(t), Users: true}
		seeded(t, o, n+1)
		l := taughtUsers(t, o)
		bob, dan := odds(l, "bob@example.net"), odds(l, "dan@example.net")
		if err := l.ResetUser(t.Context(), "bob@example.net"); err != nil {
			t.Fatal(err)
		}
		got := math.Abs(odds(l, "bob@example.net") - dan)
		if taught := math.Abs(bob - dan); got > taught/3 {
			t.Errorf("seed %d: after the reset bob is %.2f from one without lessons, was %.2f", n+1, got, taught)
		}
		off += got / seeds
	}
	if off > .4 {
		t.Errorf("after the reset bob is %.2f on average from one without lessons", off)
	}
}

func TestResetUser(t *testing.T) {
	store := memory(t)
	l := taughtUsers(t, Options{Store: store})
	eve := odds(l, "eve@example.net")
	if err := l.ResetUser(t.Context(), "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	if got := odds(l, "eve@example.net"); got != eve {
		t.Errorf("eve has %.2f, had %.2f", got, eve)
	}
	again := open(t, Options{Store: store, Users: true})
	if odds(again, "bob@example.net") != odds(l, "bob@example.net") {
		t.Error("the reset does not outlive the Learner")
	}
	if list, err := l.ExportUser(t.Context(), "bob@example.net"); err != nil || len(list) != 0 {
		t.Errorf("%d lessons are left: %v", len(list), err)
	}
	c := lesson(l, 200, Ham)
	c.User = "bob@example.net"
	if r, err := l.Learn(t.Context(), c); err != nil || r.Was != "" {
		t.Errorf("learned anew: %+v, %v", r, err)
	}
}

func TestForgetUser(t *testing.T) {
	l := taughtUsers(t, Options{Store: memory(t)})
	dan := odds(l, "dan@example.net")
	taken, err := l.ForgetUser(t.Context(), "bob@example.net")
	if err != nil || taken != 30 {
		t.Fatal(taken, err)
	}
	if got := odds(l, "dan@example.net"); got <= dan {
		t.Errorf("what bob called ham still counts for all: %.2f, was %.2f", got, dan)
	}
	if taken, err = l.ForgetUser(t.Context(), "bob@example.net"); err != nil || taken != 0 {
		t.Errorf("forgotten twice: %d, %v", taken, err)
	}
}

func TestNoUsers(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	_, export := l.ExportUser(t.Context(), "bob@example.net")
	_, forget := l.ForgetUser(t.Context(), "bob@example.net")
	if reset := l.ResetUser(t.Context(), "bob@example.net"); !errors.Is(export, ErrUsers) || !errors.Is(forget, ErrUsers) || !errors.Is(reset, ErrUsers) {
		t.Error(export, forget, reset)
	}
	c := lesson(l, 1, Ham)
	c.User = "bob@example.net"
	if _, err := l.Learn(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if r := learn(t, l, 1, Ham); r.Outcome != Already {
		t.Errorf("without users a lesson is everybody's: %+v", r)
	}
}
