package redirectors

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) { checktest.Run(t, New(Options{})) }

func TestListsAreClean(t *testing.T) {
	for _, list := range [][]string{Builtin(), Bundled()} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) < 200 {
			t.Error("a list is not sorted, names a domain twice, or is short")
		}
		for _, d := range list {
			if d != strings.ToLower(d) || strings.Count(d, ".") == 0 {
				t.Errorf("%q is no domain in lower case", d)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	if New(Options{Off: true}).Checks != nil {
		t.Error("None leaves something")
	}
	st := &checks.State{Message: mail.Parse([]byte("Subject: a\r\n\r\nhttp://go.example.org/1 and http://tinyurl.com/2\r\n"), mail.Envelope{}, mail.Limits{})}
	out, err := st.Run(t.Context(), New(Options{Domains: []string{"Example.org."}}).Checks[0])
	if err != nil || len(out.Hits) != 1 || out.Hits[0].Options[0] != "example.org" {
		t.Errorf("%v, %v", out, err)
	}
}
