package bayes

import (
	"encoding/json"
	"errors"
	"maps"
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

// TestExportedUser: what a user taught, as JSON, and the user's messages teach another
// installation the same. It is nobody else's.
func TestExportedUser(t *testing.T) {
	list := exported(t, taughtUsers(t, Options{Store: memory(t)}), "bob@example.net")
	o := Options{Store: memory(t), Users: true}
	seeded(t, o, 77)
	other := open(t, o)
	for n := range 60 {
		learn(t, other, n, classOf(n))
	}
	before := odds(other, "eve@example.net")
	for n := range 300 { // bob's mailbox
		c := lesson(other, n, "")
		x, ok := list[c.Message]
		if ok != (n >= 200 && n < 230) {
			t.Errorf("mail %d is among bob's lessons: %v", n, ok)
		}
		if !ok {
			continue
		}
		c.User, c.Class = "bob@example.net", x.Class
		var err error
		if c.Source, err = SourceNamed(x.Source); err != nil {
			t.Fatal(err)
		}
		if r, err := other.Learn(t.Context(), c); err != nil || r.Outcome != Learned && r.Outcome != Known {
			t.Fatal(r, err)
		}
	}
	if bob, eve := odds(other, "bob@example.net"), odds(other, "eve@example.net"); bob > 0 || bob > eve-1 || before < 1 {
		t.Errorf("elsewhere spam has %.2f for bob, %.2f for eve, %.2f before", bob, eve, before)
	}
	again := exported(t, other, "bob@example.net")
	if len(again) != len(list) {
		t.Errorf("%d lessons elsewhere, want %d", len(again), len(list))
	}
	for message, x := range again {
		if was := list[message]; was.Class != x.Class || was.Source != x.Source {
			t.Errorf("%+v, was %+v", x, was)
		}
	}
	if eves := exported(t, other, "eve@example.net"); len(eves) != 0 {
		t.Errorf("eve has %d lessons elsewhere", len(eves))
	}
}

// exported are a user's lessons by their messages, read back from JSON.
func exported(t *testing.T, l *Learner, user string) map[string]UserLesson {
	t.Helper()
	list, err := l.ExportUser(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]UserLesson{}
	for _, x := range list {
		all[x.Message] = x
	}
	return all
}

// TestOneUserGoes: to reset or to forget a user leaves the lessons of another.
func TestOneUserGoes(t *testing.T) {
	l := taughtUsers(t, Options{Store: memory(t)})
	eves := func() map[string]UserLesson {
		t.Helper()
		return exported(t, l, "eve@example.net")
	}
	before := eves()
	if _, err := l.ForgetUser(t.Context(), "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	if after := eves(); len(before) != 30 || !maps.Equal(after, before) {
		t.Errorf("after bob is forgotten eve has %d lessons, had %d", len(after), len(before))
	}
	if err := l.ResetUser(t.Context(), "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	if after := eves(); !maps.Equal(after, before) {
		t.Errorf("after bob began anew eve has %d lessons, had %d", len(after), len(before))
	}
	for n := range 60 {
		if r := learn(t, l, n, classOf(n)); r.Outcome != Already {
			t.Fatalf("lesson %d of all is %s", n, r.Outcome)
		}
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
