package winnow_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// What checks tell beside symbols, and the signatures they add, stand in the
// Result, in its explanation and where Rspamd's clients look for them.
func TestNotesAndSignatures(t *testing.T) {
	var decided []*actions.PreResult
	late := &checks.Check{
		Name: "signer", Doc: "d", Stage: checks.Late,
		Run: func(_ context.Context, t *checks.Task) error {
			decided = append(decided, t.DecidedBy())
			t.Note("first")
			t.Note("second")
			for _, v := range []string{"v=1; one", "v=1; two"} {
				t.Edit(actions.HeaderEdit{Name: "DKIM-Signature", Value: v, Index: 1})
			}
			t.Edit(actions.HeaderEdit{Name: "X-Other", Value: "o"})
			return nil
		},
	}
	early := &checks.Check{
		Name: "early", Doc: "d", Stage: checks.Early,
		Run: func(_ context.Context, t *checks.Task) error {
			t.PreResult(actions.PreResult{Action: actions.SoftReject})
			return nil
		},
	}
	for _, list := range [][]*checks.Check{{late}, {early, late}} {
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: list})
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nx\r\n"))})
		if err != nil {
			t.Fatal(err)
		}
		want := []winnow.Note{{Check: "signer", Text: "first"}, {Check: "signer", Text: "second"}}
		if !reflect.DeepEqual(res.Notes, want) || !reflect.DeepEqual(res.Explain().Notes, want) {
			t.Errorf("notes %v, explained %v", res.Notes, res.Explain().Notes)
		}
		var reply struct {
			Messages   map[string]string
			Signatures []string `json:"dkim-signature"`
			Milter     struct {
				Add map[string]any `json:"add_headers"`
			}
		}
		if err := json.Unmarshal(res.JSON(), &reply); err != nil {
			t.Fatal(err)
		}
		if reply.Messages["signer"] != "first; second" || len(reply.Signatures) != 2 || len(reply.Milter.Add) != 1 {
			t.Errorf("reply %+v", reply)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if decided[0] != nil || decided[1] == nil || decided[1].Action != actions.SoftReject {
		t.Errorf("decided by %v", decided)
	}
}
