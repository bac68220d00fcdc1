package winnow_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// session marks mail of one client, which a lesson without the envelope can't know.
func session() *checks.Family {
	def := &symbols.Def{Name: "CLIENT_HERE", Groups: []string{"test"}, Doc: "the client is known"}
	return &checks.Family{Name: "session", Doc: "test", Checks: []*checks.Check{{
		Name: "session", Doc: "test", Symbols: []*symbols.Def{def},
		Run: func(_ context.Context, t *checks.Task) error {
			if t.Envelope().Helo != "" {
				t.Hit(def)
			}
			return nil
		},
	}}}
}

// TestLearnWhatWasSeen learns messages of recent scans, by each of their ids and by
// their text: the features are those of the scan, whose symbols need the envelope.
func TestLearnWhatWasSeen(t *testing.T) {
	for name, learn := range map[string]func(s *winnow.Scanner) (bayes.LearnResult, error){
		"queue ID": func(s *winnow.Scanner) (bayes.LearnResult, error) {
			return s.LearnRecent(t.Context(), "4Q", bayes.Spam, winnow.LearnOptions{})
		},
		"Message-ID": func(s *winnow.Scanner) (bayes.LearnResult, error) {
			return winnow.NewLive(s).LearnRecent(t.Context(), "<7@example.org>", bayes.Spam, winnow.LearnOptions{})
		},
		"text": func(s *winnow.Scanner) (bayes.LearnResult, error) {
			m := labelled(7, bayes.Spam)
			return s.Learn(t.Context(), m, bayes.Spam, winnow.LearnOptions{})
		},
		"the text of an archive": func(s *winnow.Scanner) (bayes.LearnResult, error) {
			return s.Learn(t.Context(), labelled(7, bayes.Spam), bayes.Spam, winnow.LearnOptions{Source: bayes.Import})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := winnow.New(winnow.Options{Learner: learner(t), Families: []*checks.Family{session()}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(context.Background())
			scan := func(helo string) float64 {
				m := labelled(7, bayes.Spam)
				m.Envelope.QueueID, m.Envelope.Helo = "4Q", helo
				r, err := s.Scan(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				j, _ := r.Judgement()
				return j.Members[0]
			}
			scan("mx.example.org")
			if r, err := learn(s); err != nil || r.Outcome != bayes.Learned || r.After <= r.Before {
				t.Fatalf("%+v, %v", r, err)
			}
			with, without := scan("mx.example.org"), scan("")
			if seen := with > without; seen == strings.HasSuffix(name, "archive") {
				t.Errorf("log-odds %.4f with the symbol of the scan, %.4f without", with, without)
			}
			if r, err := s.UnlearnRecent(t.Context(), "4Q", winnow.LearnOptions{}); err != nil || r.Outcome != bayes.Undone {
				t.Errorf("taken back: %+v, %v", r, err)
			}
		})
	}
}

func TestNoRecentScan(t *testing.T) {
	l := learner(t)
	s, err := winnow.New(winnow.Options{Learner: l})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	if _, err := s.LearnRecent(t.Context(), "7@example.org", bayes.Spam, winnow.LearnOptions{}); !errors.Is(err, bayes.ErrNoScan) {
		t.Errorf("before a scan: %v", err)
	}
	r, err := s.Scan(t.Context(), func() *winnow.Message { m := labelled(7, bayes.Spam); m.Record = true; return m }())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Transcript.Replay(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Learn(t.Context(), labelled(8, bayes.Spam), bayes.Spam, winnow.LearnOptions{}); err != nil {
		t.Fatal(err)
	}
	if st := l.RecentStats(); st.Waiting != 1 {
		t.Errorf("a scan, a replay and a lesson: %+v", st)
	}
	list, err := l.Unsure(t.Context(), "", 10)
	if err != nil || len(list) != 1 || list[0].Subject != "note" || list[0].From == "" || list[0].MessageID != "7@example.org" {
		t.Errorf("%+v, %v", list, err)
	}
	none, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close(context.Background())
	if _, err := none.LearnRecent(t.Context(), "7@example.org", bayes.Spam, winnow.LearnOptions{}); !errors.Is(err, winnow.ErrNoLearner) {
		t.Errorf("without a learner: %v", err)
	}
}
